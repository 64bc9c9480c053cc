"""What goes to therapists and comes back: findings of finished reviews, answers, disputes, late entries, education.

A finding is shown to its therapist only when the review of its claim is final (approved or returned). Nothing here
pays for long notes or dearer codes: over- and under-coding stand side by side, and nobody gets a score.
"""
