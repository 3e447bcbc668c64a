// The page reads without this script; it only adds the download buttons.
for (const figure of document.querySelectorAll("figure")) {
  const buttons = figure.querySelector(".buttons");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const kind = event.target.dataset.save;
    if (kind === "csv") {
      save(new Blob([figure.dataset.csv], { type: "text/csv" }), "csv");
    } else if (kind === "svg") {
      save(new Blob([source()], { type: "image/svg+xml" }), "svg");
    } else if (kind === "png") {
      const image = new Image();
      image.onload = () => {
        // The drawing is twice its nominal size already.
        const canvas = document.createElement("canvas");
        canvas.width = image.width;
        canvas.height = image.height;
        canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
        canvas.toBlob((blob) => save(blob, "png"), "image/png");
      };
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(source());
    }
  });

  function source() {
    const svg = figure.querySelector("svg").cloneNode(true);
    const [, , width, height] = svg.dataset.full.split(" ");
    svg.setAttribute("viewBox", svg.dataset.full);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    return new XMLSerializer().serializeToString(svg);
  }

  function save(blob, kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = figure.id + "." + kind;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
