"use strict";
// Texts of runs reach the page as text nodes and attributes only, never as HTML.

function readJson(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

const report = readJson("data");

function byId(id) {
  return document.getElementById(id);
}

// An element with attributes and children; a child that is text becomes a text node.
function make(tag, attributes = {}, ...children) {
  const drawn = ["svg", "path", "line"].includes(tag);
  const element = drawn ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function option(value, text) {
  return make("option", { value }, text);
}

// Whether a text holds every word of another one.
function holdsWords(text, words) {
  const lower = text.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}

// A text that plotly shows as it is: it reads tags and entities in the texts of charts.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function shortNumber(value) {
  return value === null ? "–" : String(Number(value.toPrecision(3)));
}

// With two digits behind the point, and without a sign of zero.
function fixed(value) {
  return (Math.round(value * 100) / 100 + 0).toFixed(2);
}
