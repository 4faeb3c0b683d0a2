'use strict';
// From the data of a panel to Plotly's traces and layout. Every function takes (panel, page):
// `panel` as the C++ panels write it, `page` = {networks, panels, theme, choice, width}. Nothing
// here touches the document.
const drawing = (() => {
  // Okabe and Ito's colours, which people with any colour vision can tell apart.
  const architectureColours = {
    vanilla: '#0072B2', ugrnn: '#E69F00', gru: '#009E73', lstm: '#CC79A7', leaky: '#56B4E9',
  };
  const activationColours = {relu: '#D55E00', tanh: '#0072B2'};
  const furtherColours = ['#999999', '#F0E442', '#D55E00', '#56B4E9'];
  const maxBars = 24;

  const colourOf = (colours, name) => {
    if (colours[name]) return colours[name];
    let sum = 0;
    for (const c of String(name)) sum += c.codePointAt(0);
    return furtherColours[sum % furtherColours.length];
  };
  const architectureColour = (name) => colourOf(architectureColours, name);
  const activationColour = (name) => colourOf(activationColours, name);
  // As in the paper: black, red, green, blue for 0 to 3 unstable directions.
  const unstableColour = (count, theme) =>
    [theme.ink, '#D55E00', '#009E73', '#0072B2'][count] || '#CC79A7';
  const unstableName = (count) => (count === 1 ? '1 unstable' : count + ' unstable');

  // Plotly reads a few tags in texts; names are shown as they are.
  const plain = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');

  function decode(array) {
    const text = atob(array.bdata);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return array.dtype === 'f4' ? new Float32Array(bytes.buffer) : bytes;
  }

  const unknownNetwork = {key: 'not in networks.csv', architecture: 'unlisted', activation: ''};
  const networkOf = (page, row) => page.networks[row] || unknownNetwork;
  const kindOf = (network) => (network.architecture + ' ' + network.activation).trim();
  const hoverOf = (network) => {
    const loss = Number(network.validation_loss);
    return plain(network.key) +
      (network.validation_loss ? '<br>validation loss ' + loss.toPrecision(3) : '');
  };

  function baseLayout(theme, height) {
    return {
      height, autosize: true,
      paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      font: {family: 'system-ui, "Segoe UI", Roboto, Arial, sans-serif', size: 12, color: theme.ink},
      margin: {l: 56, r: 16, t: 24, b: 44},
      hoverlabel: {align: 'left'},
      modebar: {bgcolor: 'rgba(0,0,0,0)', color: theme.soft, activecolor: theme.ink},
      legend: {font: {color: theme.ink}, bgcolor: 'rgba(0,0,0,0)'},
      annotations: [], shapes: [],
    };
  }
  const axis = (theme, title, more) => Object.assign({
    title: {text: title, font: {size: 12, color: theme.soft}}, gridcolor: theme.line,
    linecolor: theme.line, zeroline: false, automargin: true, tickfont: {color: theme.soft},
  }, more);
  const spaceAxis = (theme, title) => ({
    title: {text: title, font: {size: 11, color: theme.soft}}, showticklabels: false,
    gridcolor: theme.line, zeroline: false, showbackground: false, showspikes: false,
    linecolor: theme.line,
  });
  const scene = (theme, domain, names, eye) => ({
    domain, aspectmode: 'cube', dragmode: 'orbit',
    camera: {eye: eye || {x: 1.25, y: 1.25, z: 0.85}},
    xaxis: spaceAxis(theme, names[0]), yaxis: spaceAxis(theme, names[1]),
    zaxis: spaceAxis(theme, names[2]),
  });
  const componentNames = ['PC 1', 'PC 2', 'PC 3'];

  // Coordinate d of points (count x dims), from `from` on; a null after each run of `run` points
  // ends a line.
  function coordinate(points, dims, d, from, to, run) {
    const out = [];
    for (let i = from; i < to; i++) {
      out.push(points[i * dims + d]);
      if (run && (i - from + 1) % run === 0) out.push(null);
    }
    return out;
  }

  // A colour between dark blue and yellow; `share` from 0 to 1.
  function gradient(share) {
    const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [230, 200, 30]];
    const at = Math.min(share, 0.9999) * (stops.length - 1);
    const low = Math.floor(at);
    const mix = stops[low].map((v, k) => Math.round(v + (at - low) * (stops[low + 1][k] - v)));
    return 'rgb(' + mix.join(',') + ')';
  }

  // The traces of one portrait. `place` holds the axes or the scene that they are drawn in.
  function trajectoryTraces(portrait, inSpace, byTrial, style, place) {
    const points = decode(portrait.points);
    const dims = portrait.dims;
    const traces = [];
    const parts = byTrial ? portrait.trials : 1;
    for (let part = 0; part < parts; part++) {
      const from = byTrial ? part * portrait.steps : 0;
      const to = byTrial ? from + portrait.steps : portrait.trials * portrait.steps;
      const column = (d) => coordinate(points, dims, d, from, to, portrait.steps);
      const trace = {
        type: inSpace ? 'scatter3d' : 'scatter', mode: 'lines', hoverinfo: 'skip',
        showlegend: false, opacity: style.opacity, connectgaps: false,
        line: {width: style.width, color: byTrial ? gradient(part / Math.max(1, parts - 1))
                                                  : style.colour},
        x: column(0), y: dims > 1 ? column(1) : column(0).map((v) => (v === null ? null : 0)),
      };
      if (inSpace) trace.z = column(2);
      traces.push(Object.assign(trace, place));
    }
    return traces;
  }

  function trajectories(panel, page) {
    const theme = page.theme;
    const networks = panel.portraits.map((p) => networkOf(page, p.network));
    const distinct = (field) => [...new Set(networks.map((n) => n[field]))];
    const activations = distinct('activation');
    const narrow = page.width < 700;
    const architectures = distinct('architecture');
    const columns = narrow ? Math.min(2, networks.length) : architectures.length;
    const rows = narrow ? Math.ceil(networks.length / columns) : activations.length;
    const layout = baseLayout(theme, rows * 300 + 20);
    layout.margin = {l: 12, r: 12, t: 8, b: 8};
    layout.showlegend = false;
    const data = [];
    panel.portraits.forEach((portrait, i) => {
      const network = networks[i];
      const column = narrow ? i % columns : architectures.indexOf(network.architecture);
      const row = narrow ? Math.floor(i / columns) : activations.indexOf(network.activation);
      const top = 1 - row / rows;
      const domain = {
        x: [column / columns + 0.012, (column + 1) / columns - 0.012],
        y: [top - 1 / rows + (panel.in_space ? 0.01 : 0.04), top - 26 / layout.height],
      };
      const number = i === 0 ? '' : String(i + 1);
      let place;
      if (panel.in_space) {
        place = {scene: 'scene' + number};
        layout['scene' + number] = scene(theme, domain, componentNames);
      } else {
        place = {xaxis: 'x' + number, yaxis: 'y' + number};
        const quiet = {showticklabels: false, automargin: false};
        layout['xaxis' + number] = axis(theme, 'PC 1', Object.assign(
          {domain: domain.x, anchor: 'y' + number}, quiet));
        layout['yaxis' + number] = axis(theme, 'PC 2', Object.assign(
          {domain: domain.y, anchor: 'x' + number}, quiet));
        for (const name of ['xaxis', 'yaxis']) layout[name + number].title.standoff = 2;
      }
      data.push(...trajectoryTraces(portrait, panel.in_space, panel.by_trial, {
        colour: architectureColour(network.architecture), opacity: 0.75,
        width: panel.in_space ? 2 : 1,
      }, place));
      const drawn = portrait.explained.slice(0, panel.in_space ? 3 : 2);
      const share = Math.round(100 * drawn.reduce((a, b) => a + b, 0));
      layout.annotations.push({
        text: '<b>' + plain(kindOf(network)) + '</b>  ' + share + ' % of variance',
        x: (domain.x[0] + domain.x[1]) / 2, y: top, xref: 'paper', yref: 'paper',
        xanchor: 'center', yanchor: 'top', showarrow: false,
        font: {size: 12, color: architectureColour(network.architecture)},
      });
    });
    return {data, layout};
  }

  function matrix(panel, page) {
    const theme = page.theme;
    const triangle = decode(panel.triangle);
    const exact = panel.triangle.dtype === 'f4';
    const range = panel.high - panel.low;
    const value = (v) => (exact ? (isFinite(v) ? v : null)
                                : v === 255 ? null : panel.low + (v / 254) * range);
    const z = [];
    for (let r = 0, at = 0; r < panel.side; r++) {
      z.push(new Array(panel.side));
      for (let c = 0; c <= r; c++, at++) z[r][c] = z[c][r] = value(triangle[at]);
    }
    const layout = baseLayout(theme, 440);
    const ends = panel.groups.map((g, i) => (panel.groups[i + 1] || {from: panel.side}).from);
    const labelled = panel.groups.length <= 24;
    const ticks = {
      type: 'category', showgrid: false, tickmode: 'array', ticks: '', constrain: 'domain',
      range: [-0.5, panel.side - 0.5],
      tickvals: labelled ? panel.groups.map((g, i) => (g.from + ends[i] - 1) / 2) : [],
      ticktext: labelled ? panel.groups.map((g) => plain(g.label)) : [],
    };
    layout.xaxis = axis(theme, '', Object.assign({tickangle: -45}, ticks));
    layout.yaxis = axis(theme, '', Object.assign({}, ticks, {
      range: [panel.side - 0.5, -0.5], scaleanchor: 'x',
    }));
    for (const group of panel.groups.slice(1)) {
      const at = group.from - 0.5;
      const line = {width: panel.side > 100 ? 0.5 : 1, color: 'rgba(255,255,255,0.8)'};
      const across = [-0.5, panel.side - 0.5];
      layout.shapes.push(
        {type: 'line', x0: at, x1: at, y0: across[0], y1: across[1], line},
        {type: 'line', x0: across[0], x1: across[1], y0: at, y1: at, line});
    }
    const names = panel.labels.map(plain);
    return {
      data: [{
        type: 'heatmap', z, x: names, y: names, colorscale: 'Viridis', zmin: 0,
        zmax: panel.high > 0 ? panel.high : 1,
        colorbar: {title: {text: plain(panel.metric) + ' distance', side: 'top'}, orientation: 'h', x: 0.5,
                   y: 1.02, yanchor: 'bottom', thickness: 10, len: 0.9, outlinewidth: 0},
        hovertemplate: '%{y}<br>%{x}<br>distance %{z:.4f}<extra></extra>',
      }],
      layout,
    };
  }

  function embedding(panel, page) {
    const theme = page.theme;
    const x = decode(panel.x), y = decode(panel.y);
    const networks = panel.networks.map((row) => networkOf(page, row));
    const narrow = page.width < 700;
    const layout = baseLayout(theme, narrow ? 860 : 440);
    const parts = [
      {field: 'architecture', colour: architectureColour, number: '', title: 'by architecture'},
      {field: 'activation', colour: activationColour, number: '2', title: 'by activation'},
    ];
    const data = [];
    const size = networks.length > 400 ? 4 : networks.length > 60 ? 7 : 10;
    parts.forEach((part, p) => {
      const values = [...new Set(networks.map((n) => n[part.field]))];
      for (const value of values) {
        const rows = networks.map((n, i) => i).filter((i) => networks[i][part.field] === value);
        const shape = (n) => (n.activation === 'relu' ? 'diamond' : 'circle') +
          (isTrue(n.untrained) ? '-open' : '');
        data.push({
          type: 'scatter', mode: 'markers',
          name: plain(value || (part.field === 'activation' ? 'none' : 'unlisted')),
          x: rows.map((i) => x[i]), y: rows.map((i) => y[i]),
          text: rows.map((i) => hoverOf(networks[i])), hovertemplate: '%{text}<extra></extra>',
          marker: {size, color: part.colour(value), opacity: 0.85,
                   symbol: rows.map((i) => shape(networks[i]))},
          xaxis: 'x' + part.number, yaxis: 'y' + part.number, legend: 'legend' + part.number,
          showlegend: true,
        });
      }
      const domainX = narrow ? [0, 1] : [p * 0.53, p * 0.53 + 0.47];
      const domainY = narrow ? [0.58 - p * 0.54, 0.97 - p * 0.54] : [0.1, 0.94];
      layout['xaxis' + part.number] = axis(theme, '', {domain: domainX, anchor: 'y' + part.number});
      layout['yaxis' + part.number] = axis(theme, '', {
        domain: domainY, anchor: 'x' + part.number, scaleanchor: 'x' + part.number,
      });
      layout['legend' + part.number] = {
        orientation: 'h', x: domainX[0], y: domainY[0] - 26 / layout.height, xanchor: 'left',
        yanchor: 'top',
        font: {color: theme.ink}, bgcolor: 'rgba(0,0,0,0)',
      };
      layout.annotations.push({
        text: '<b>' + part.title + '</b>', x: domainX[0], y: domainY[1] + 0.01, xref: 'paper',
        yref: 'paper', xanchor: 'left', yanchor: 'bottom', showarrow: false,
      });
    });
    return {data, layout};
  }

  function fixed_points(panel, page) {
    const theme = page.theme;
    const choice = panel.choices[page.choice];
    const inSpace = panel.in_space;
    const layout = baseLayout(theme, 440);
    const source = page.panels[panel.trajectories];
    const data = source ? trajectoryTraces(
      source.portraits[choice.portrait], inSpace, false,
      {colour: theme.soft, opacity: 0.35, width: 1}, {}) : [];
    const points = decode(choice.points), readout = decode(choice.readout);
    const count = choice.unstable.length;
    const text = choice.unstable.map((unstable, i) => {
      const outputs = [...readout.slice(i * choice.outputs, (i + 1) * choice.outputs)];
      return unstableName(unstable) + ', condition ' + choice.condition[i] +
        (choice.slow[i] ? ', slow' : '') +
        (outputs.length ? '<br>readout ' + outputs.map((v) => v.toFixed(2)).join(', ') : '');
    });
    for (const unstable of [...new Set(choice.unstable)].sort((a, b) => a - b)) {
      const rows = [...Array(count).keys()].filter((i) => choice.unstable[i] === unstable);
      const column = (d) => rows.map((i) => (d < choice.dims ? points[i * choice.dims + d] : 0));
      const trace = {
        type: inSpace ? 'scatter3d' : 'scatter', mode: 'markers', name: unstableName(unstable),
        x: column(0), y: column(1), text: rows.map((i) => text[i]),
        hovertemplate: '%{text}<extra></extra>', showlegend: true,
        marker: {size: inSpace ? 6 : 9, color: unstableColour(unstable, theme),
                 symbol: rows.map((i) => (choice.slow[i] ? 'diamond' : 'circle')),
                 line: {width: inSpace ? 0 : 1, color: theme.card}},
      };
      if (inSpace) trace.z = column(2);
      data.push(trace);
    }
    if (inSpace) {
      layout.scene = scene(theme, {x: [0, 1], y: [0, 1]}, componentNames);
      layout.margin = {l: 0, r: 0, t: 0, b: 0};
      layout.legend = Object.assign(layout.legend, {x: 0, y: 1});
    } else {
      layout.xaxis = axis(theme, 'PC 1', {});
      layout.yaxis = axis(theme, 'PC 2', {});
    }
    return {data, layout};
  }

  function graph(panel, page) {
    const theme = page.theme;
    const choice = panel.choices[page.choice];
    const layout = baseLayout(theme, 440);
    const data = [];
    const widths = [[0, 0.15, 1], [0.15, 0.35, 2.5], [0.35, 0.65, 4], [0.65, Infinity, 6]];
    for (const [low, high, width] of widths) {
      const ends = [[], [], []];
      for (const [from, to, share] of choice.edges) {
        if (!(share >= low && share < high)) continue;
        for (let d = 0; d < 3; d++) {
          ends[d].push(choice.nodes[from].at[d], choice.nodes[to].at[d], null);
        }
      }
      if (ends[0].length === 0) continue;
      data.push({type: 'scatter3d', mode: 'lines', x: ends[0], y: ends[1], z: ends[2],
                 hoverinfo: 'skip', showlegend: false, connectgaps: false, opacity: 0.6,
                 line: {width, color: theme.soft}});
    }
    for (const unstable of [...new Set(choice.nodes.map((n) => n.unstable))].sort((a, b) => a - b)) {
      const nodes = choice.nodes.filter((n) => n.unstable === unstable);
      data.push({
        type: 'scatter3d', mode: 'markers', name: unstableName(unstable) + ' (' + nodes.length + ')',
        x: nodes.map((n) => n.at[0]), y: nodes.map((n) => n.at[1]), z: nodes.map((n) => n.at[2]),
        hovertemplate: '(%{x}, %{y}, %{z})<extra>' + unstableName(unstable) + '</extra>',
        marker: {size: 6, color: unstableColour(unstable, theme)}, showlegend: true,
      });
    }
    // Off the diagonal, where the corners of a cube would hide each other.
    layout.scene = scene(theme, {x: [0, 1], y: [0, 1]}, ['output 1', 'output 2', 'output 3'],
                         {x: 0.75, y: -1.75, z: 0.8});
    const all = choice.nodes.flatMap((n) => n.at);
    const room = [Math.min(...all) - 0.3, Math.max(...all) + 0.3];
    for (const name of ['xaxis', 'yaxis', 'zaxis']) layout.scene[name].range = room;
    layout.margin = {l: 0, r: 0, t: 0, b: 0};
    layout.legend = Object.assign(layout.legend, {x: 0, y: 1});
    return {data, layout};
  }

  function spectrum(panel, page) {
    const theme = page.theme;
    const choice = panel.choices[page.choice];
    const real = decode(choice.real), imaginary = decode(choice.imaginary);
    const layout = baseLayout(theme, 440);
    const data = [];
    for (const unstable of [...new Set(choice.unstable)].sort((a, b) => a - b)) {
      const rows = [...real.keys()].filter((i) => choice.unstable[i] === unstable);
      data.push({
        type: 'scatter', mode: 'markers', name: unstableName(unstable),
        x: rows.map((i) => real[i]), y: rows.map((i) => imaginary[i]), showlegend: true,
        marker: {size: 5, color: unstableColour(unstable, theme), opacity: 0.7},
        text: rows.map((i) => Math.hypot(real[i], imaginary[i]).toFixed(4)),
        hovertemplate: '%{x:.4f} + %{y:.4f} i<br>magnitude %{text}<extra></extra>',
      });
    }
    layout.shapes.push({type: 'circle', x0: -1, x1: 1, y0: -1, y1: 1,
                        line: {color: theme.soft, width: 1}});
    layout.xaxis = axis(theme, 'real part', {});
    layout.yaxis = axis(theme, 'imaginary part', {scaleanchor: 'x'});
    layout.legend = Object.assign(layout.legend, {orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom'});
    return {data, layout};
  }

  function loss_curves(panel, page) {
    const theme = page.theme;
    const layout = baseLayout(theme, 420);
    const named = new Set();
    const data = panel.curves.map((curve) => {
      const network = networkOf(page, curve.network);
      const kind = kindOf(network);
      const showlegend = !named.has(kind);
      named.add(kind);
      return {
        type: 'scatter', mode: 'lines', name: plain(kind), legendgroup: kind, showlegend,
        x: decode(curve.iteration), y: decode(curve.validation),
        line: {width: 1.5, color: architectureColour(network.architecture),
               dash: network.activation === 'relu' ? 'dash' : 'solid'},
        text: plain(network.key), hovertemplate: '%{text}<br>iteration %{x}: %{y:.3g}<extra></extra>',
      };
    });
    layout.xaxis = axis(theme, 'iteration', {});
    layout.yaxis = axis(theme, 'validation loss', {type: 'log', exponentformat: 'power', dtick: 1});
    return {data, layout};
  }

  function final_losses(panel, page) {
    const theme = page.theme;
    const networks = panel.networks.map((row) => networkOf(page, row));
    const layout = baseLayout(theme, 420);
    const data = [];
    const few = networks.length <= maxBars;
    for (const architecture of [...new Set(networks.map((n) => n.architecture))]) {
      const own = networks.filter((n) => n.architecture === architecture);
      const marker = {color: architectureColour(architecture)};
      const loss = own.map((n) => Number(n.validation_loss));
      if (few) {
        data.push({type: 'bar', orientation: 'h', name: plain(architecture), marker,
                   y: own.map((n) => plain(n.key)), x: loss, showlegend: true,
                   hovertemplate: '%{y}<br>%{x:.3g}<extra></extra>'});
      } else {
        data.push({type: 'histogram', name: plain(architecture), marker, opacity: 0.6,
                   x: loss.map(Math.log10), nbinsx: 40, showlegend: true, bingroup: 'loss'});
      }
    }
    if (few) {
      layout.xaxis = axis(theme, 'validation loss', {exponentformat: 'power'});
      layout.yaxis = axis(theme, '', {type: 'category', autorange: 'reversed'});
      layout.showlegend = false;
    } else {
      layout.barmode = 'overlay';
      layout.xaxis = axis(theme, 'log<sub>10</sub> validation loss', {});
      layout.yaxis = axis(theme, 'networks', {});
    }
    return {data, layout};
  }

  const isTrue = (cell) => cell === 'true' || cell === '1' || cell === 'True';

  return {
    kinds: {trajectories, matrix, embedding, fixed_points, graph, spectrum, loss_curves,
            final_losses},
    architectureColour, kindOf, networkOf, isTrue,
  };
})();
