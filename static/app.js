// What every page shares. Each page works without it.

// htmx swaps only what succeeded: a refused form, and a message that the server sends elsewhere, are answers too.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const answer = detail.xhr;
  if ([400, 422].includes(answer.status) || (answer.status > 400 && answer.getResponseHeader("HX-Retarget"))) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

// The server cannot be reached: say so once, and take it back when it answers again.
const unreachable = document.createElement("div");
unreachable.className = "alert alert-warning";
unreachable.textContent = "The server does not answer. Try again in a moment.";
document.addEventListener("htmx:sendError", () => document.getElementById("messages").append(unreachable));
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.xhr.status && unreachable.remove());

// A tick that was refused, or never arrived, is put back: it must not look as if it counted.
document.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr } }) => {
  const isTaken = xhr.status >= 200 && xhr.status < 400;
  if (elt.type === "checkbox" && !isTaken) elt.checked = !elt.checked;
});

// After a refused form the reader, and above all a screen reader, should be where the explanation is.
const EXPLAINED = "[data-focus], [aria-invalid='true']";
function focusOn(part) {
  (part.matches?.(EXPLAINED) ? part : part.querySelector?.(EXPLAINED))?.focus();
}
document.addEventListener("htmx:afterSwap", ({ target }) => focusOn(target));
focusOn(document);

// A form is sent once, however often its button is pressed; on a slow line the button says that it is on its way.
// Whoever stops the page, or comes back to it, can send it again.
function release(form, button) {
  delete form.dataset.sent;
  button?.removeAttribute("aria-busy");
}
document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  button?.setAttribute("aria-busy", "true");
  const again = () => release(form, button);
  setTimeout(again, 20_000);
  addEventListener("pageshow", again, { once: true });
});
