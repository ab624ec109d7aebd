/* Between a notebook's kernel and the frame with the page: settings there and back, results back. */
export default {
  render({ model }) {
    const frame = () => document.getElementById(model.get("frame"));
    const send = () => frame() && frame().contentWindow.postMessage({ explorer_state: model.get("state") }, "*");
    const hear = ({ source, data }) => {
      if (!frame() || source !== frame().contentWindow || !data || !data.explorer) return;
      model.set("state", data.explorer.state);
      model.set("results", data.explorer.results);
      model.save_changes();
    };
    addEventListener("message", hear);
    model.on("change:state", send);
    send();
    return () => {
      removeEventListener("message", hear);
      model.off("change:state", send);
    };
  },
};
