-- The five checks by hand: pooled units with their allocation (UNIT-01, UNIT-04), pairs (MOD-10), CO (MOD-04), the
-- running total of KX (MOD-08), one clinician with two patients (UNIT-12), for the clinic of made_up.py.
-- Given: claims, notes, note_services, codes, pairs, rates, yearly (one row: due, well_below).
with line as (
    select c.*, k.in_pool = 'yes' as pooled, 'CO' in (modifier_1, modifier_2, modifier_3) as co,
        'KX' in (modifier_1, modifier_2, modifier_3) as kx
    from claims c join codes k on k.code = c.procedure_code
),
noted as (
    select n.claim_id, s.procedure_code, sum(minutes) as minutes, sum(therapist_minutes + together_minutes) as therapist,
        sum(assistant_minutes) as assistant
    from note_services s join notes n using (note_id) join codes k on k.code = s.procedure_code
    where k.in_pool = 'yes' group by all
),
billed as (
    select claim_id, procedure_code, sum(units) as units, sum(if(co, units, 0)) co_units, min(line_number) line_number
    from line where pooled group by all
),
service as (
    select claim_id, procedure_code, line_number, coalesce(units, 0) units, coalesce(co_units, 0) co_units,
        coalesce(minutes, 0) as minutes, therapist, assistant, coalesce(minutes, 0) // 15 whole,
        coalesce(minutes, 0) % 15 rest
    from billed full join noted using (claim_id, procedure_code)
),
ranked as (
    select *, (sum(minutes) over day + 7) // 15 supported, sum(units) over day day_units,
        (sum(minutes) over day + 7) // 15 - sum(whole) over day remaining,
        rank() over (partition by claim_id order by rest desc) best,
        count(*) over (partition by claim_id order by rest desc) last
    from service window day as (partition by claim_id)
),
allotted as (
    select *, whole + (last <= remaining)::int fewest, whole + (best <= remaining)::int most from ranked
),
day as (
    select claim_id, any_value(day_units) units, any_value(supported) supported, min(line_number) line_number,
        bool_or(units > most)
            or sum((fewest < most and units > whole)::int) > any_value(remaining) - sum(fewest - whole) wrong,
        arg_min(line_number, (most - units, line_number)) filter (line_number is not null) worst
    from allotted group by claim_id
),
shared as (
    select *, therapist // 15 plain_whole, assistant // 15 co_whole, therapist % 15 own, assistant % 15 other,
        greatest(fewest, least(most, units)) fair
    from allotted where units > 0 and co_units < units
),
divided as (
    select *, fair - plain_whole - co_whole remaining_units,
        co_whole + case when fair - plain_whole - co_whole >= 2 then fair - plain_whole - co_whole - 1
            when fair - plain_whole - co_whole = 1 and own < 8 and 10 * other > own + other then 1 else 0 end co_due
    from shared
),
two as (
    select distinct b.claim_id, b.line_number, a.procedure_code
    from line a join line b on a.patient_id = b.patient_id and a.service_date = b.service_date
    join pairs p on p.column_1 = a.procedure_code and p.column_2 = b.procedure_code
    where p.indicator = '1'
),
strongest as (
    select line.*, r.reduced, r."full",
        row_number() over (partition by patient_id, service_date order by 2 * r.rank + (not co)::int desc) = 1 first
    from line join rates r on r.code = line.procedure_code
),
total as (
    select claim_id, line_number, kx, sum(least(units * reduced + if(first, "full" - reduced, 0), charge))
        over (partition by patient_id order by service_date, kx, claim_id, line_number) total
    from (select *, round(charge_amount::double * 100)::int charge from strongest)
),
job as (
    select rendering_npi npi, service_date, note_id, n.claim_id, patient_id,
        hour(start_time::time) * 60 + minute(start_time::time) a, hour(end_time::time) * 60 + minute(end_time::time) b,
        sum(s.minutes) as minutes
    from notes n join noted s on s.claim_id = n.claim_id group by all
),
meeting as (
    select distinct npi, service_date from (
        select *, max(b) over (partition by npi, service_date order by a, b rows between unbounded preceding
            and 1 preceding) busy_until from job
    ) where a < busy_until
),
suspect as (select job.* from job join meeting using (npi, service_date)),
span as (
    select npi, service_date, x.a, y.b from (select distinct npi, service_date, a from suspect) x
    join (select distinct npi, service_date, b from suspect) y using (npi, service_date) where y.b > x.a
),
overfull as (
    select s.npi, s.service_date, s.a, s.b from span s join suspect j
        on j.npi = s.npi and j.service_date = s.service_date and j.a >= s.a and j.b <= s.b
    group by all having sum(least(minutes, j.b - j.a)) > s.b - s.a and count(distinct patient_id) > 1
),
smallest as (
    select * from overfull o where not exists (
        select 1 from overfull i where i.npi = o.npi and i.service_date = o.service_date
            and i.a >= o.a and i.b <= o.b and (i.a > o.a or i.b < o.b)
    )
)
select 'UNIT-01' rule, claim_id, line_number from day where units > supported
union all select 'UNIT-04', claim_id, worst from day where units <= supported and wrong
union all select 'MOD-04', claim_id, line_number from divided
    where least(co_due, units - greatest(fair - co_due, 0)) > co_units
union all select 'MOD-10', claim_id, line_number from two
union all select 'MOD-08', claim_id, line_number from total, yearly
    where (total > due and not kx) or (kx and total <= due and total < well_below)
union all select 'UNIT-12', j.claim_id, d.line_number from suspect j
    join (select distinct npi, service_date, a, b from smallest) s
        on j.npi = s.npi and j.service_date = s.service_date and j.a >= s.a and j.b <= s.b
    join day d on d.claim_id = j.claim_id group by all
order by all
