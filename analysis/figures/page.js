'use strict';
(() => {
  const report = JSON.parse(document.getElementById('report-data').textContent);
  const networks = report.cells.length === 0 ? [] : report.cells[0].map((_, row) => {
    const network = {};
    report.columns.forEach((name, c) => { network[name] = report.cells[c][row]; });
    return network;
  });

  const element = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  // --- figures ---

  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const lightTheme = {ink: '#1b1f24', soft: '#5b6470', line: '#d9dee4', card: '#ffffff'};
  const darkTheme = {ink: '#e6e9ed', soft: '#9aa4b0', line: '#333a43', card: '#1d2126'};
  const screenTheme = () => (dark.matches ? darkTheme : lightTheme);
  const settings = {
    displaylogo: false, responsive: true,
    modeBarButtonsToRemove: ['toImage', 'select2d', 'lasso2d', 'sendDataToCloud'],
  };
  const root = document.documentElement;
  root.dataset.drawn = '0';
  root.dataset.failed = '0';
  const count = (name) => { root.dataset[name] = String(Number(root.dataset[name]) + 1); };

  class Figure {
    constructor(plot) {
      this.plot = plot;
      this.id = plot.dataset.panel;
      this.panel = report.panels[this.id];
      this.draw_kind = drawing.kinds[plot.dataset.kind];
      this.choice = 0;
      const tools = plot.parentElement.querySelector('.tools');
      if (this.panel.choices && this.panel.choices.length > 1) tools.append(this.chooser());
      const save = element('button', {type: 'button', class: 'save'}, 'Save as SVG');
      save.addEventListener('click', () => this.save());
      tools.append(save);
    }

    chooser() {
      const select = element('select', {'aria-label': 'Network'});
      this.panel.choices.forEach((choice, i) => {
        const network = drawing.networkOf({networks}, choice.network);
        select.append(element('option', {value: i}, drawing.kindOf(network) + ' – ' + network.key));
      });
      select.addEventListener('change', () => {
        this.choice = Number(select.value);
        this.draw();
      });
      return select;
    }

    make(theme) {
      return this.draw_kind(this.panel, {
        networks, panels: report.panels, theme, choice: this.choice,
        width: this.plot.clientWidth || 1000,
      });
    }

    async draw() {
      const {data, layout} = this.make(screenTheme());
      await Plotly.react(this.plot, data, layout, settings);
    }

    // As it is seen, but on white. Plotly draws the copy's scenes in one WebGL context, which
    // panel.h leaves room for.
    async save() {
      const {data, layout} = this.make(lightTheme);
      const shown = this.plot._fullLayout || {};
      const scenes = Object.keys(layout).filter((name) => name.startsWith('scene'));
      for (const name of scenes) {
        if (shown[name] && shown[name]._scene) layout[name].camera = shown[name]._scene.getCamera();
      }
      layout.paper_bgcolor = '#ffffff';
      const size = {width: this.plot.clientWidth || 1000, height: layout.height};
      const url = await Plotly.toImage({data, layout, config: settings},
                                       Object.assign({format: 'svg'}, size));
      const text = decodeURIComponent(url.slice(url.indexOf(',') + 1));
      const file = URL.createObjectURL(new Blob([text], {type: 'image/svg+xml'}));
      element('a', {href: file, download: this.id + '.svg'}).click();
      setTimeout(() => URL.revokeObjectURL(file), 10000);
    }
  }

  const figures = [...document.querySelectorAll('.plot')].map((plot) => new Figure(plot));

  // One after the other, so that the page answers meanwhile.
  async function drawAll() {
    for (const figure of figures) {
      try {
        await figure.draw();
        count('drawn');
      } catch (error) {
        count('failed');
        console.error(figure.id, error);
        figure.plot.replaceChildren(
          element('p', {class: 'missing'}, 'This figure could not be drawn: ' + error.message + '.'));
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  dark.addEventListener('change', async () => {
    for (const figure of figures) await figure.draw();
  });

  // --- tables ---

  const isNumber = (text) => text !== '' && isFinite(Number(text));
  const shorten = (text) => {
    if (!isNumber(text) || Number.isInteger(Number(text))) return text;
    return String(Number(Number(text).toPrecision(4)));
  };

  // Missing values stay last in either direction; numbers come before texts.
  function compareCells(a, b, direction) {
    if (a === '' || b === '') return (a === '') - (b === '');
    if (isNumber(a) && isNumber(b)) return direction * (Number(a) - Number(b));
    if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
    return direction * a.localeCompare(b);
  }

  class NetworksTable {
    constructor(place) {
      this.shown = 100;
      this.sort = null;
      this.direction = 1;
      this.filter = '';
      // Columns that are empty for every network are left out.
      this.columns = report.columns.filter(
        (name, c) => name === 'key' || networks.length < 2 ||
          report.cells[c].some((cell) => cell !== ''));
      const input = element('input', {type: 'search', placeholder: 'Show rows with …',
                                      'aria-label': 'Show rows with'});
      input.addEventListener('input', () => {
        this.filter = input.value.toLowerCase();
        this.fill();
      });
      this.status = element('span', {'aria-live': 'polite'});
      this.more = element('button', {type: 'button'}, 'Show all');
      this.more.addEventListener('click', () => {
        this.shown = Infinity;
        this.fill();
      });
      this.head = element('tr');
      this.columns.forEach((name) => {
        const button = element('button', {type: 'button'}, name);
        button.addEventListener('click', () => this.sortBy(name));
        this.head.append(element('th', {scope: 'col', 'data-column': name}, button));
      });
      this.body = element('tbody');
      const table = element('table', {class: 'networks'}, element('thead', {}, this.head), this.body);
      place.append(element('div', {class: 'bar'}, input, this.status, this.more),
                   element('div', {class: 'scroll'}, table));
      this.fill();
    }

    sortBy(name) {
      this.direction = this.sort === name ? -this.direction : 1;
      this.sort = name;
      for (const cell of this.head.children) {
        if (cell.dataset.column === name) {
          cell.setAttribute('aria-sort', this.direction > 0 ? 'ascending' : 'descending');
          cell.firstChild.textContent = name + (this.direction > 0 ? ' ▲' : ' ▼');
        } else {
          cell.removeAttribute('aria-sort');
          cell.firstChild.textContent = cell.dataset.column;
        }
      }
      this.fill();
    }

    row(network) {
      const row = element('tr');
      for (const name of this.columns) {
        const cell = element('td', {}, shorten(network[name]));
        cell.title = network[name];
        if (isNumber(network[name])) cell.className = 'number';
        if (name === 'excluded_reason') cell.className = 'reason';
        if (name === 'architecture') {
          const swatch = element('span', {class: 'swatch'});
          swatch.style.background = drawing.architectureColour(network[name]);
          cell.prepend(swatch);
        }
        row.append(cell);
      }
      return row;
    }

    fill() {
      const wanted = networks.filter((network) => this.filter === '' || this.columns.some(
        (name) => network[name].toLowerCase().includes(this.filter)));
      if (this.sort) {
        wanted.sort((a, b) => compareCells(a[this.sort], b[this.sort], this.direction));
      }
      const shown = wanted.slice(0, this.shown);
      this.body.replaceChildren(...shown.map((network) => this.row(network)));
      this.status.textContent = shown.length + ' of ' + networks.length + ' networks shown';
      this.more.hidden = shown.length === wanted.length;
    }
  }

  // --- statistics ---

  const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const isScalar = (value) => typeof value !== 'object' || value === null;
  const showScalar = (value) => (typeof value === 'number' ? shorten(String(value))
                                                           : String(value ?? '–'));
  const words = (name) => name.replace(/_/g, ' ');

  // {a: {b: 1}} to {"a · b": 1}; what is in arrays is left to `lists`.
  function flatten(value, prefix, scalars, lists) {
    for (const [name, member] of Object.entries(value)) {
      const path = prefix ? prefix + ' · ' + words(name) : words(name);
      if (isPlain(member)) {
        flatten(member, path, scalars, lists);
      } else if (Array.isArray(member)) {
        lists.push([path, member]);
      } else {
        scalars[path] = member;
      }
    }
  }

  function makeTable(head, rows) {
    const table = element('table', {}, element('thead', {}, element(
      'tr', {}, ...head.map((text) => element('th', {scope: 'col'}, text)))));
    const body = element('tbody');
    for (const [title, ...cells] of rows) {
      body.append(element('tr', {}, element('th', {scope: 'row'}, title), ...cells.map(
        (cell) => element('td', isNumber(cell) ? {class: 'number'} : {}, cell))));
    }
    table.append(body);
    return element('div', {class: 'scroll'}, table);
  }

  function showList(path, list) {
    if (list.length === 0) return [];
    let content;
    if (list.every(isPlain)) {
      const columns = [...new Set(list.flatMap((entry) => Object.keys(entry)))];
      content = makeTable(columns.map(words), list.map((entry) => columns.map(
        (name) => (isScalar(entry[name] ?? null) ? showScalar(entry[name])
                                                 : JSON.stringify(entry[name])))));
    } else {
      content = element('p', {}, list.map(
        (entry) => (isScalar(entry) ? showScalar(entry) : JSON.stringify(entry))).join(', '));
    }
    return [element('details', {}, element('summary', {}, path + ' (' + list.length + ')'), content)];
  }

  // Objects beside each other become the columns of one table, so that metrics can be compared.
  function showBeside(value, place) {
    const objects = Object.entries(value).filter(([, member]) => isPlain(member));
    const columns = objects.map(([name, member]) => {
      const scalars = {}, lists = [];
      flatten(member, '', scalars, lists);
      return {name, scalars, lists};
    });
    const own = Object.entries(value).filter(([, member]) => !isPlain(member));
    const scalars = own.filter(([, member]) => isScalar(member));
    if (scalars.length > 0) {
      place.append(makeTable(['', 'value'], scalars.map(([n, v]) => [words(n), showScalar(v)])));
    }
    if (columns.length > 0) {
      const paths = [...new Set(columns.flatMap((column) => Object.keys(column.scalars)))];
      place.append(makeTable(['', ...columns.map((column) => words(column.name))], paths.map(
        (path) => [path, ...columns.map((column) => (path in column.scalars
          ? showScalar(column.scalars[path]) : '–'))])));
    }
    for (const [name, member] of own) {
      if (Array.isArray(member)) place.append(...showList(words(name), member));
    }
    for (const column of columns) {
      for (const [path, list] of column.lists) {
        place.append(...showList(words(column.name) + ' · ' + path, list));
      }
    }
  }

  // The rows that tell what the distances of a metric are worth: [title, text of a metric or null].
  function meanDistance(title, name) {
    return ['mean distance, ' + title, ({noise_floor: floor, controls}) => {
      if (!controls || typeof controls[name] !== 'number') return null;
      const below = floor && controls[name] < floor.mean;
      return showScalar(controls[name]) + (below ? ' (below the noise floor)' : '');
    }];
  }
  const worthRows = [
    ['noise floor: mean, largest', ({noise_floor: floor}) => (floor
      ? showScalar(floor.mean) + ', ' + showScalar(floor.largest) : null)],
    ['noise floor measured between', ({noise_floor: floor}) => (floor
      ? floor.of + ', ' + floor.networks + ' networks' +
        (floor.pairs === undefined ? '' : ', ' + floor.pairs + ' pairs') : null)],
    ['networks, trained + untrained', ({controls}) => (controls
      ? controls.trained + ' + ' + controls.untrained : null)],
    meanDistance('trained to trained', 'within_trained'),
    meanDistance('trained to untrained', 'trained_untrained'),
    meanDistance('untrained to untrained', 'within_untrained'),
    meanDistance('trained to its own untrained control', 'own_control'),
    ['trained networks nearest to an untrained one', ({controls}) => (
      controls && typeof controls.nearest_untrained === 'number'
        ? showScalar(100 * controls.nearest_untrained) + ' %' : null)],
    ['trained told from untrained by the nearest neighbour', ({controls}) => (
      controls && typeof controls.accuracy === 'number'
        ? showScalar(controls.accuracy) + ' (chance ' + showScalar(controls.chance) + ')' : null)],
    ['silhouette of trained and untrained', ({controls}) => (
      controls && typeof controls.silhouette === 'number' ? showScalar(controls.silhouette) : null)],
  ];

  // Files of older versions have neither of these members, and then nothing is shown.
  function showWorth(metrics, place) {
    const members = Object.values(metrics);
    const rows = worthRows.map(([title, text]) => [title, ...members.map(text)]).filter(
      ([, ...cells]) => cells.some((cell) => cell !== null));
    if (rows.length === 0) return;
    const table = makeTable(['', ...Object.keys(metrics).map(words)],
                            rows.map((row) => row.map((cell) => cell ?? '–')));
    table.classList.add('worth');
    place.append(element('h4', {}, 'what a distance is worth'), table);
    const sentences = [];
    if (members.some((metric) => metric.noise_floor)) {
      sentences.push('The noise floor is how far distances move when the same networks are ' +
        'measured again and nothing but chance differs: a distance, or a difference of ' +
        'distances, below it tells nothing.');
    }
    if (members.some((metric) => metric.controls)) {
      sentences.push('Untrained controls keep the weights they were drawn with: where trained ' +
        'networks lie no nearer to each other than to untrained ones, the metric does not see ' +
        'what training did.');
    }
    place.append(element('p', {class: 'explanation'}, sentences.join(' ')));
  }

  function showStatistics(value, place) {
    const {metrics, ...rest} = value;
    if (!isPlain(metrics) || !Object.values(metrics).every(isPlain)) {
      showBeside(value, place);
      return;
    }
    if (Object.keys(rest).length > 0) showBeside(rest, place);
    showWorth(metrics, place);
    place.append(element('h4', {}, 'metrics'));
    showBeside(Object.fromEntries(Object.entries(metrics).map(
      ([name, {noise_floor, controls, ...others}]) => [name, others])), place);
  }

  for (const place of document.querySelectorAll('.statistics')) {
    try {
      const value = JSON.parse(document.getElementById(place.dataset.source).textContent);
      showStatistics(isPlain(value) ? value : {values: value}, place);
    } catch (error) {
      place.append(element('p', {class: 'missing'},
                           'statistics.json could not be read: ' + error.message + '.'));
    }
  }

  new NetworksTable(document.getElementById('networks-table'));
  drawAll();
})();
