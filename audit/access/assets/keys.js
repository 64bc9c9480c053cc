// "?" opens the list of keys: Streamlit's shortcuts know letters and digits only. Keys rest while somebody types.
if (!window.countersignKeys) {
  window.countersignKeys = true;
  document.addEventListener("keydown", (pressed) => {
    const at = pressed.target;
    const typing = at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
    const button = document.querySelector(".st-key-keys button");
    if (pressed.key === "?" && !typing && button && !document.querySelector("[role=dialog]")) button.click();
  });
}
