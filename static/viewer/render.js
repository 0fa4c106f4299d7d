// From codes and a window to pixels: the LINEAR function of DICOM PS3.3 C.11.2.1.2.1, as in curation/imaging/display.py.

const LARGE_PIXELS = 4_000_000;

function level(value, window) {
  const offset = value - (window.center - 0.5);
  const share = window.width > 1 ? offset / (window.width - 1) + 0.5 : Number(offset > 0);
  return Math.floor(Math.min(1, Math.max(0, share)) * 255 + 0.5);
}

// The packed RGBA grey of each of the 65,536 codes, indexed by the code seen as unsigned.
export function greyTable(manifest, window, inverted) {
  const table = new Uint32Array(65536);
  for (let i = 0; i < 65536; i += 1) {
    const code = i < 32768 ? i : i - 65536;
    const grey = level(manifest.slope * code + manifest.intercept, window);
    const shown = inverted ? 255 - grey : grey;
    table[i] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
  }
  return table;
}

export function channelTable(window, inverted) {
  return Uint8Array.from({ length: 256 }, (_, value) => (inverted ? 255 - level(value, window) : level(value, window)));
}

function fillGrey(pixels, frame, table, { rows, columns }, step) {
  let place = 0;
  for (let row = 0; row < rows; row += step) {
    for (let i = row * columns; i < (row + 1) * columns; i += step) pixels[place++] = table[frame[i]];
  }
}

function fillColour(pixels, frame, table, { rows, columns }, step) {
  const size = rows * columns;
  let place = 0;
  for (let row = 0; row < rows; row += step) {
    for (let i = row * columns; i < (row + 1) * columns; i += step) {
      pixels[place++] = 0xff000000 | (table[frame[2 * size + i]] << 16) | (table[frame[size + i]] << 8) | table[frame[i]];
    }
  }
}

// Holds the frame as displayed at image resolution; large frames are thinned out while the reader drags.
export class Picture {
  canvas = document.createElement("canvas");
  #context = this.canvas.getContext("2d", { alpha: false });

  draw(manifest, frame, { window, inverted, hurried }) {
    const step = hurried && manifest.rows * manifest.columns > LARGE_PIXELS ? 2 : 1;
    const columns = Math.ceil(manifest.columns / step);
    const rows = Math.ceil(manifest.rows / step);
    if (this.canvas.width !== columns || this.canvas.height !== rows) {
      this.canvas.width = columns;
      this.canvas.height = rows;
    }
    const image = this.#context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const flip = Boolean(manifest.inverted) !== Boolean(inverted);
    if (manifest.kind === "colour") fillColour(pixels, frame, channelTable(window, inverted), manifest, step);
    else fillGrey(pixels, frame, greyTable(manifest, window, flip), manifest, step);
    this.#context.putImageData(image, 0, 0);
  }
}

// Paint the picture and the measured lines onto the visible canvas, sharp on dense screens.
export function paint(canvas, picture, view, lines) {
  const dense = window.devicePixelRatio || 1;
  const width = Math.round(view.stage.width * dense);
  const height = Math.round(view.stage.height * dense);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d", { alpha: false });
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(dense, 0, 0, dense, 0, 0);
  const box = view.box();
  context.imageSmoothingEnabled = view.scale < 2;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.canvas, box.x, box.y, box.width, box.height);
  for (const line of lines) strokeLine(context, view, line);
}

function strokeLine(context, view, { from, to, text }) {
  const [a, b] = [view.toStage(from), view.toStage(to)];
  for (const [colour, thickness] of [["#000", 4], ["#ffd84d", 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
    for (const end of [a, b]) {
      context.moveTo(end.x + 4, end.y);
      context.arc(end.x, end.y, 4, 0, 2 * Math.PI);
    }
    context.stroke();
  }
  context.font = "600 14px system-ui, sans-serif";
  context.lineWidth = 4;
  context.strokeStyle = "#000";
  context.fillStyle = "#ffd84d";
  context.strokeText(text, b.x + 10, b.y + 5);
  context.fillText(text, b.x + 10, b.y + 5);
}
