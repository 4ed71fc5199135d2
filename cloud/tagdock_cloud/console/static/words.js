// What scripts say, in the person's language: the page brings the words, by their English. `_` marks them for
// scripts/languages.py; %(name)s is filled in.

const words = JSON.parse(document.getElementById("words")?.textContent || "{}");

export const language = document.documentElement.lang || "en";

export function _(message, values = {}) {
  return (words[message] || message).replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
}

const whole = new Intl.NumberFormat(language);
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });

export function number(value) {
  return whole.format(value);
}

export function percent(value) {
  return share.format(value);
}
