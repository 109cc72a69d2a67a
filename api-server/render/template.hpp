// Filling a template. The one place that knows how values are written into each kind of file.
#pragma once

#include <kainjow/mustache.hpp>

#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::render {

// A tree of values. A name that the view lacks is written as an empty string, and is false as a section.
using View = kainjow::mustache::data;

// How {{value}} is written. ({{{value}}} is written as it is: only for numbers and our own words.)
enum class Format {
  // As it is. Refused: control characters, invalid UTF-8, and '\' at the end, which would continue on the next line.
  line,
  // In double quotes, as in TOML and JSON. Refused: invalid UTF-8.
  quoted,
  // In double quotes, as in EnvironmentFile= of systemd.exec(5). Refused: as for `line`.
  environment,
};

// `name` is a file of templates/, without its suffix. Errors: invalid_argument for a refused value, without quoting it;
// internal for a template with a mistake.
Result<std::string> fill(std::string_view name, const View& view, Format format);

View list_of(const std::vector<std::string>& texts);

}  // namespace bulkhead::render
