// Operations of the API, tried from the page.
for (const form of document.querySelectorAll(".try")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { method, body } = form.dataset;
    const query = new URLSearchParams();
    const headers = {};
    let path = `/api/v1${form.dataset.path}`;
    for (const input of form.querySelectorAll("[data-in]")) {
      if (input.value === "") continue;
      if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
      if (input.dataset.in === "query") query.set(input.name, input.value);
      if (input.dataset.in === "header") headers[input.name] = input.value;
    }
    if (body) headers["Content-Type"] = body;
    const said = form.querySelector("output");
    const answer = form.querySelector(".answer");
    said.textContent = "Asking …";
    try {
      const text = query.size ? `${path}?${query}` : path;
      const options = { method: method.toUpperCase(), headers, body: body ? form.elements.body.value : undefined };
      const response = await fetch(text, options);
      said.textContent = `${response.status} ${response.statusText}`;
      const received = await response.text();
      let shown = received.slice(0, 100_000);
      try {
        if (received.length < 100_000) shown = JSON.stringify(JSON.parse(received), null, 2);
      } catch {
        // It is no JSON: shown as it came.
      }
      answer.textContent = shown;
      answer.hidden = false;
    } catch (error) {
      said.textContent = error.message;
    }
  });
}
