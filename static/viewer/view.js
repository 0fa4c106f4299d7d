// Where the image lies on the stage. Image coordinates are (row, column) in pixels, stage coordinates CSS pixels.

const SMALLEST = 0.02;
const LARGEST = 40;

export class View {
  stage = { width: 1, height: 1 };
  scale = 1;
  x = 0;
  y = 0;
  fitted = true;
  #image = { rows: 1, columns: 1, aspect: 1 };

  show(manifest) {
    this.#image = { rows: manifest.rows, columns: manifest.columns, aspect: manifest.aspect || 1 };
    this.fit();
  }

  resize(width, height) {
    this.stage = { width: Math.max(1, width), height: Math.max(1, height) };
    if (this.fitted) this.fit();
  }

  fit() {
    const { rows, columns, aspect } = this.#image;
    this.scale = Math.min(this.stage.width / columns, this.stage.height / (rows * aspect));
    this.x = (this.stage.width - columns * this.scale) / 2;
    this.y = (this.stage.height - rows * aspect * this.scale) / 2;
    this.fitted = true;
  }

  zoom(factor, at = { x: this.stage.width / 2, y: this.stage.height / 2 }) {
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this.scale * factor));
    this.x = at.x - ((at.x - this.x) * scale) / this.scale;
    this.y = at.y - ((at.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
  }

  box() {
    const { rows, columns, aspect } = this.#image;
    return { x: this.x, y: this.y, width: columns * this.scale, height: rows * aspect * this.scale };
  }

  toStage({ row, column }) {
    return { x: this.x + column * this.scale, y: this.y + row * this.scale * this.#image.aspect };
  }

  toImage({ x, y }) {
    const { rows, columns, aspect } = this.#image;
    const clamp = (value, most) => Math.min(most, Math.max(0, value));
    return {
      row: clamp((y - this.y) / this.scale / aspect, rows),
      column: clamp((x - this.x) / this.scale, columns),
    };
  }
}

// The length of a line as text: millimetres only where the image says what a pixel measures.
export function lengthText(manifest, from, to) {
  const [rows, columns] = [to.row - from.row, to.column - from.column];
  if (!manifest.spacing) return `${Math.hypot(rows, columns).toFixed(1)} px`;
  const millimetres = Math.hypot(rows * manifest.spacing[0], columns * manifest.spacing[1]).toFixed(1);
  return manifest.spacing_meaning === "mm" ? `${millimetres} mm` : `${millimetres} mm at detector`;
}
