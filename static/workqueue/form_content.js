// A form as nested JSON and back. "choices.accuracy" becomes {choices: {accuracy: ...}}; parts that count from 0
// ("steps.0.verdict") become a list. Left out: the CSRF field, disabled fields, radios and checkboxes nobody chose.
// A lone checkbox with data-type="boolean" gives true or false; data-type="number" gives a number (empty: left out);
// several checkboxes of one name, or a multiple select, give a list.

const LEFT_OUT = new Set(["", "csrfmiddlewaretoken"]);

export function readContent(form) {
  const flat = new Map();
  for (const field of form.elements) {
    if (LEFT_OUT.has(field.name ?? "") || field.disabled || field.matches("button, fieldset, output, [type=submit]")) continue;
    const value = valueOf(field, form);
    if (value !== undefined) flat.set(field.name, value);
  }
  return nest(flat);
}

function valueOf(field, form) {
  if (field.type === "radio") return field.checked ? field.value : undefined;
  if (field.type === "checkbox") return checkboxValue(field, form);
  if (field instanceof HTMLSelectElement && field.multiple) return [...field.selectedOptions].map((option) => option.value);
  if (field.dataset.type === "number") return field.value === "" ? undefined : Number(field.value);
  return field.value;
}

function checkboxValue(field, form) {
  if (field.dataset.type === "boolean") return field.checked;
  const group = boxesOf(form, field.name);
  if (group.length > 1) return group.filter((box) => box.checked).map((box) => box.value);
  return field.checked ? field.value : undefined;
}

function boxesOf(form, name) {
  return [...form.elements].filter((field) => field.type === "checkbox" && field.name === name);
}

export function nest(flat) {
  const content = {};
  for (const [name, value] of flat) {
    const path = name.split(".");
    const last = path.pop();
    let place = content;
    for (const part of path) place = own(place, part);
    define(place, last, value);
  }
  return listed(content);
}

function own(place, part) {
  if (!Object.hasOwn(place, part)) define(place, part, {});
  return place[part];
}

// defineProperty: a field called __proto__ stays a field
function define(place, name, value) {
  Object.defineProperty(place, name, { value, enumerable: true, configurable: true, writable: true });
}

function listed(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const names = Object.keys(value);
  for (const name of names) define(value, name, listed(value[name]));
  const counts = names.length > 0 && names.every((name, index) => name === String(index));
  return counts ? names.map((name) => value[name]) : value;
}

export function flatten(content, prefix = "", flat = new Map()) {
  for (const [name, value] of Object.entries(content)) {
    const path = prefix + name;
    const isList = Array.isArray(value) && value.every((item) => item === null || typeof item !== "object");
    if (value !== null && typeof value === "object" && !isList) flatten(value, `${path}.`, flat);
    else flat.set(path, value);
  }
  return flat;
}

// Shows stored content; every field of the form is set, so that nothing the browser refilled survives.
export function fillForm(form, content) {
  const flat = flatten(content);
  for (const field of form.elements) {
    if (LEFT_OUT.has(field.name ?? "") || field.matches("button, fieldset, output, [type=hidden], [type=submit]")) continue;
    show(field, flat.get(field.name));
  }
  form.dispatchEvent(new CustomEvent("work:restored", { bubbles: true, detail: { content } }));
}

function show(field, value) {
  if (field.type === "radio") field.checked = field.value === String(value);
  else if (field.type === "checkbox") field.checked = Array.isArray(value) ? value.includes(field.value) : value === true || value === field.value;
  else if (field instanceof HTMLSelectElement && field.multiple) {
    for (const option of field.options) option.selected = (value ?? []).includes(option.value);
  } else if (value !== undefined) field.value = String(value);
}

export function sameContent(one, other) {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}
