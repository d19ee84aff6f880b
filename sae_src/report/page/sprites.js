// Images cut out of strips, drawn on canvases.

const loaded = new Map();

// The picture at an address, ready to draw; kept, since strips are looked at again and again.
function loadPicture(address) {
  if (!loaded.has(address)) {
    const picture = new Image();
    picture.src = address;
    loaded.set(address, picture.decode().then(() => picture));
  }
  return loaded.get(address);
}

async function drawTile(canvas, address, [width, height], column, row = 0) {
  const wanted = `${column},${row}`;
  canvas.wanted = [address, wanted];
  const picture = await loadPicture(address);
  if (canvas.wanted[0] !== address || canvas.wanted[1] !== wanted) return; // another one was asked for meanwhile
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(picture, column * width, row * height, width, height, 0, 0, width, height);
  canvas.dataset.tile = wanted;
}

// A row of a strip, with a frame around one tile.
async function drawFilm(canvas, address, [width, height], count, marked, row = 0) {
  const gap = Math.max(1, Math.round(width / 16));
  const wanted = `${marked},${row}`;
  canvas.wanted = [address, wanted];
  const picture = await loadPicture(address);
  if (canvas.wanted[0] !== address || canvas.wanted[1] !== wanted) return;
  canvas.style.maxWidth = `${4.5 * count}rem`; // few tiles are not to become large
  Object.assign(canvas, { width: count * (width + gap) + gap, height: height + 2 * gap });
  const context = canvas.getContext("2d");
  for (let column = 0; column < count; column++) {
    const left = gap + column * (width + gap);
    if (column === marked) {
      context.fillStyle = colourOf("focus");
      context.fillRect(left - gap, 0, width + 2 * gap, height + 2 * gap);
    }
    context.drawImage(picture, column * width, row * height, width, height, left, gap, width, height);
  }
}

// Vectors as curves over each other: [values, class] each.
function drawVectors(svg, curves) {
  const every = curves.flatMap(([values]) => values);
  const [low, high] = [Math.min(...every), Math.max(...every)];
  const span = high - low || 1;
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.replaceChildren(...curves.map(([values, name]) => {
    const points = values.map((value, place) => {
      const x = (100 * place) / Math.max(values.length - 1, 1);
      return `${x.toFixed(2)},${(96 - (92 * (value - low)) / span).toFixed(2)}`;
    });
    return make("path", { d: `M${points.join("L")}`, class: name });
  }));
}
