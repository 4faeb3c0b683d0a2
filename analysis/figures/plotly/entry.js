// What the report draws with; scatter comes with the core.
'use strict';
var Plotly = require('plotly.js/lib/core');
Plotly.register([
  require('plotly.js/lib/scatter3d'),
  require('plotly.js/lib/heatmap'),
  require('plotly.js/lib/histogram'),
  require('plotly.js/lib/bar'),
]);
module.exports = Plotly;
