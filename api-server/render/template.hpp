// Filling a template. The one place that knows how values are written into each kind of file.
#pragma once

#include <kainjow/mustache.hpp>

#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::render {

// A tree of values. A name that a template uses and the view lacks is written as nothing, and is false as a section.
using View = kainjow::mustache::data;

// What becomes of {{value}}. ({{{value}}} is written as it is: only for numbers and words of our own.)
enum class Format {
  // As it is. Refused: control characters, what is not UTF-8, and '\' at the end, which would take in the next line.
  line,
  // In double quotes, as TOML and JSON have them. Refused: what is not UTF-8.
  quoted,
  // In double quotes, as EnvironmentFile= of systemd.exec(5) has them. Refused: as for `line`.
  environment,
};

// `name` is that of a file in templates/, without its suffix. Errors: invalid_argument for a refused value, which is
// not quoted; internal for a template that is none.
Result<std::string> fill(std::string_view name, const View& view, Format format);

View list_of(const std::vector<std::string>& texts);

}  // namespace bulkhead::render
