// What is folded opens for links into it, for the address that the page was called with, and for print.
const reveal = (hash) => {
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  if (!target) return;
  let folded = false;
  for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) {
    folded ||= !part.open;
    part.open = true;
  }
  if (folded) target.scrollIntoView();
};
addEventListener("hashchange", () => reveal(location.hash));
// A link to where one is already changes no address.
document.addEventListener("click", ({ target }) => {
  const link = target.closest('a[href^="#"]');
  if (link) reveal(link.hash);
});
if (location.hash) reveal(location.hash);

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
});
