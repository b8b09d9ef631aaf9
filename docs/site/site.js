// What scrolls can be reached by keyboard.
for (const each of document.querySelectorAll("pre, table")) each.tabIndex = 0;
// The theme's bar is a plain box: name it as what it is.
document.querySelector(".navbar")?.setAttribute("role", "banner");
