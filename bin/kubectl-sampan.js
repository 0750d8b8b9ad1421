#!/usr/bin/env node
// kubectl finds this as its plugin: `kubectl sampan up`.
import "./sampan.js";
