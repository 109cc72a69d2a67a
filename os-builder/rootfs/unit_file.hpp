// Settings of a systemd unit file (systemd.syntax(7)): sections, keys that may repeat, continued lines, comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::rootfs {

struct UnitSetting {
  std::string section;
  std::string key;
  std::string value;  // continued lines joined with a space

  bool operator==(const UnitSetting&) const = default;
};

// Any text; lines that are no setting are skipped, as systemd does.
std::vector<UnitSetting> parse_unit_file(std::string_view text);

// Words of all values of a key, after the last empty assignment (which resets a list).
std::vector<std::string> unit_words(const std::vector<UnitSetting>& settings, std::string_view section,
                                    std::string_view key);

// Whether the key gives a unit credentials, which may come from the machine's definition (systemd.exec(5)).
bool takes_credential(std::string_view key);

// The program of an Exec…= value without its prefix characters (systemd.service(5)); empty when there is none.
std::string exec_program(std::string_view value);

}  // namespace bulkhead::rootfs
