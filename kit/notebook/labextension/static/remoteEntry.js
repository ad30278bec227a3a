/**
 * A JupyterLab MIME extension in one file, without a bundler: draws application/vnd.plotly.v1+json with the plotly.min.js
 * that lies beside it. A new model of the same output redraws in place (Plotly.react), which live figures need.
 *
 * It is named jupyterlab-plotly so that it stands in for PyPI's extension of that name, which never redraws.
 */
(() => {
  const NAME = "jupyterlab-plotly";
  const MIME = "application/vnd.plotly.v1+json";
  const HEIGHT = 400;
  const CONFIG = { responsive: true, displaylogo: false, plotlyServerURL: "" };
  const folder = new URL(".", document.currentScript.src).href;

  let loading;
  function loadPlotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      // A page that has an AMD loader would keep plotly.js from setting window.Plotly.
      const define = window.define;
      window.define = undefined;
      script.onload = () => {
        window.define = define;
        resolve(window.Plotly);
      };
      script.onerror = () => {
        window.define = define;
        loading = undefined;
        reject(new Error(`${script.src} did not load: install the kernel again`));
      };
      script.src = `${folder}plotly.min.js`;
      document.head.appendChild(script);
    });
    return loading;
  }

  function createFigureClass(Widget) {
    return class Figure extends Widget {
      constructor() {
        super();
        this.addClass("jp-RenderedPlotly");
        this.node.style.overflow = "auto";
        this.graph = document.createElement("div");
        this.node.appendChild(this.graph);
        this.waiting = undefined;
        this.drawing = undefined;
        this.sizes = new ResizeObserver(() => this.fit());
        this.sizes.observe(this.node);
      }

      /** Draws the newest of the models that arrive while one is drawn. */
      renderModel(model) {
        this.waiting = model;
        this.drawing ??= this.drawAll().finally(() => {
          this.drawing = undefined;
        });
        return this.drawing;
      }

      async drawAll() {
        try {
          const Plotly = await loadPlotly();
          while (this.waiting !== undefined && !this.isDisposed) {
            const { data, layout = {}, config = {}, frames } = structuredClone(this.waiting.data[MIME]);
            this.waiting = undefined;
            layout.height ??= HEIGHT;
            layout.autosize ??= layout.width === undefined;
            await Plotly.react(this.graph, data, layout, { ...CONFIG, ...config });
            if (frames !== undefined) await Plotly.addFrames(this.graph, frames);
          }
        } catch (error) {
          this.graph.textContent = `This figure could not be drawn: ${error instanceof Error ? error.message : error}`;
        }
      }

      fit() {
        const drawn = this.graph.classList.contains("js-plotly-plot") && this.drawing === undefined;
        if (drawn && this.graph.layout?.autosize && this.graph.offsetWidth > 0) window.Plotly.Plots.resize(this.graph);
      }

      onResize() {
        this.fit();
      }

      onAfterShow() {
        this.fit();
      }

      dispose() {
        if (this.isDisposed) return;
        this.sizes.disconnect();
        this.waiting = undefined;
        window.Plotly?.purge(this.graph);
        super.dispose();
      }
    };
  }

  let scope;
  /** A module JupyterLab shares with extensions; there is one version of it. */
  async function shared(name) {
    const versions = Object.values(scope[name]);
    const factory = await versions[0].get();
    return factory();
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB[NAME] = {
    init(given) {
      scope = given;
    },
    async get() {
      const { Widget } = await shared("@lumino/widgets");
      const Figure = createFigureClass(Widget);
      const extension = {
        id: `${NAME}:factory`,
        description: "Draws Plotly figures and redraws them in place.",
        rendererFactory: { safe: true, mimeTypes: [MIME], createRenderer: () => new Figure() },
        rank: 0,
        dataType: "json",
      };
      return () => ({ __esModule: true, default: [extension] });
    },
  };
})();
