// Draws every frame of an image on one sheet, and lets the reader sign only once all of them were shown.

import { Frames, loadManifest } from "../viewer/frames.js";
import { Picture } from "../viewer/render.js";

const LONGEST_EDGE = 240;

function tile(number, total) {
  const figure = document.createElement("figure");
  const canvas = document.createElement("canvas");
  const caption = document.createElement("figcaption");
  caption.textContent = total > 1 ? `${number + 1} of ${total}` : "Whole image";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Frame ${number + 1}`);
  figure.append(canvas, caption);
  return { figure, canvas };
}

function drawInto(canvas, picture, manifest) {
  const height = manifest.rows * (manifest.aspect || 1);
  const share = Math.min(1, LONGEST_EDGE / Math.max(manifest.columns, height));
  canvas.width = Math.max(1, Math.round(manifest.columns * share));
  canvas.height = Math.max(1, Math.round(height * share));
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.canvas, 0, 0, canvas.width, canvas.height);
}

async function fill(sheet) {
  const counter = document.getElementById(sheet.dataset.counter);
  const buttons = [...document.querySelectorAll("[data-needs-all-frames]")];
  for (const button of buttons) button.disabled = true;
  try {
    const manifest = await loadManifest(sheet.dataset.contactSheet);
    const frames = new Frames(manifest);
    const total = manifest.frames.length;
    const picture = new Picture();
    for (let i = 0; i < total; i += 1) {
      const frame = await frames.load(i);
      picture.draw(manifest, frame, { window: manifest.window, inverted: false, hurried: false });
      const { figure, canvas } = tile(i, total);
      drawInto(canvas, picture, manifest);
      sheet.append(figure);
      counter.textContent = `${i + 1} of ${total} frame${total === 1 ? "" : "s"} shown.`;
    }
  } catch (error) {
    counter.textContent = `${error.message || "A frame could not be shown."} Load the page again; an image is signed only when every frame was shown.`;
    return;
  }
  sheet.dataset.complete = "";
  for (const button of buttons) button.disabled = false;
}

for (const sheet of document.querySelectorAll("[data-contact-sheet]")) fill(sheet);
