// Checks of a single value of a variant. Each check returns an invalid_argument whose message continues the sentence
// "'<value>' …", for example "is not a package name (…)".
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::variant::check {

Result<> line(std::string_view text);             // one non-empty line of printable text
Result<> account_comment(std::string_view text);  // the GECOS field of passwd: may be empty, no ':'
Result<> package(std::string_view text);          // Debian Policy 5.6.1
Result<> package_version(std::string_view text);  // Debian Policy 5.6.12
Result<> account(std::string_view text);          // user or group: systemd's strict rule, at most 31 characters
Result<> unit(std::string_view text);             // systemd unit with its suffix
Result<> target(std::string_view text);           // unit that ends in .target
Result<> module(std::string_view text);           // kernel module without .ko
Result<> simple_name(std::string_view text);      // overlay folder, program, shared file, variant: a-z 0-9 - _
Result<> file_name(std::string_view text);        // one component of a path
Result<> soname(std::string_view text);
Result<> path(std::string_view text);       // absolute and normalized
Result<> path_glob(std::string_view text);  // as lib/base glob_match() takes it, able to match an absolute path
Result<> link_target(std::string_view text);
Result<> command_line_word(std::string_view text);
Result<> license_expression(std::string_view text);  // identifiers joined by AND, OR and WITH, and parentheses
Result<> cpe_product(std::string_view text);         // "gnu:glibc", "o:linux:linux_kernel"
Result<> compression(std::string_view text);         // mkfs.erofs -z, or empty for none

Result<> partition_size(std::uint64_t bytes);                 // multiple of 1 MiB, not zero
Result<> cluster_size(std::uint64_t bytes);                   // power of two from 4 KiB to 1 MiB
Result<> account_id(std::string_view name, std::int64_t id);  // 0 only for root; not systemd's dynamic range

}  // namespace bulkhead::variant::check
