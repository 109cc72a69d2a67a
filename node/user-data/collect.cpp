#include "node/user-data/collect.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"
#include "lib/sys/pause.hpp"
#include "lib/user_data/documents.hpp"
#include "node/user-data/config_disk.hpp"
#include "node/user-data/untrusted_file.hpp"

namespace bulkhead::collect {
namespace {

using DocumentContent = Result<std::optional<std::string>>;

constexpr int kUsage = 2;
constexpr const char* kUsageText = "usage: bulkhead-user-data collect | imds [--endpoint URL]...\n";
// The API server applies the documents before it answers, and services take time to restart.
constexpr std::chrono::minutes kApiPatience{5};

// Tools that always make a file make an empty one when there is no user data.
bool has_content(const std::optional<std::string>& content) { return content && !trim(*content).empty(); }

Result<> keep(const sys::Path& directory, std::string_view source, const DocumentContent& found, const log::Log& log,
              const std::string& disk = {}) {
  if (!found) {
    log.error(Error(found.error()).with_context(std::format("user data from {}", source)));
    return user_data::store(directory,
                            user_data::Unreadable{.source = std::string(source), .reason = found.error().describe()});
  }
  if (!has_content(*found)) return user_data::forget(directory, source);
  log.info("user data from {}: {} bytes", source, found->value_or("").size());
  return user_data::store(
      directory, user_data::Document{.source = std::string(source), .content = found->value_or(""), .disk = disk});
}

struct DiskSource {
  std::string_view name;
  std::string_view label;
  sys::Path file;
  bool required = false;  // a disk without the file is a mistake
};

DocumentContent read_document(const ConfigDisk& disk, const DiskSource& source) {
  auto content = TRY(read_from(disk, source.file, user_data::kLargestDocument));
  if (!content && source.required)
    return fail(ErrorCode::failed_precondition, "disk {} with label {} has no file {}", disk.device.native(),
                disk.label, source.file.native());
  return content;
}

Result<> keep_from_disk(const sys::Path& directory, const DiskSource& source,
                        const Result<std::vector<ConfigDisk>>& disks, const log::Log& log) {
  if (!disks) return keep(directory, source.name, fail(disks.error()), log);
  const auto disk = only_disk(*disks, source.label);
  if (!disk) return keep(directory, source.name, fail(disk.error()), log);
  const std::optional<ConfigDisk>& only = *disk;
  if (!only) return user_data::forget(directory, source.name);
  return keep(directory, source.name, read_document(*only, source), log, only->identity);
}

DocumentContent from_smbios(const sys::Path& table) {
  const auto bytes = TRY(read_plain(table, kLargestSmbiosTable));
  if (!bytes) return std::nullopt;  // not every machine has the tables
  auto content = TRY(credential(oem_strings(*bytes), "bulkhead.user-data"));
  if (content && content->size() > user_data::kLargestDocument)
    return fail(ErrorCode::failed_precondition, "the SMBIOS string is longer than {} bytes",
                user_data::kLargestDocument);
  return content;
}

// Of an answer that is an error of the API (openapi-components.yaml, Error).
std::optional<ErrorCode> code_of(const net::ClientResponse& answer) {
  const auto body = codec::parse_json(answer.body);
  if (!body || !body->is_object() || !body->contains("code") || !(*body)["code"].is_string()) return std::nullopt;
  return parse_error_code((*body)["code"].get<std::string>());
}

Result<> serve_imds(const Places& places, const std::vector<net::TcpEndpoint>& endpoints, const log::Log& log) {
  Imds imds(to_any_of(endpoints), sys::pause_until_sigterm);
  const auto collected = collect_imds(places, imds, log);
  if (imds.stopped()) {
    log.info("stopped before the metadata service answered");
    return {};
  }
  // The API server sees every result, errors too.
  TRY(notify_api(places));
  return collected;
}

Result<std::vector<net::TcpEndpoint>> endpoints_of(std::span<const std::string> options) {
  std::vector<net::TcpEndpoint> endpoints;
  for (std::size_t i = 0; i < options.size(); i += 2) {
    if (options[i] != "--endpoint" || i + 1 == options.size())
      return fail(ErrorCode::invalid_argument, "'{}' is not an option with a value", options[i]);
    net::TcpEndpoint endpoint = TRY(parse_endpoint(options[i + 1]));
    endpoints.push_back(std::move(endpoint));
  }
  if (endpoints.empty())
    endpoints = {{.host = std::string(net::kMetadataIpv4)}, {.host = std::string(net::kMetadataIpv6)}};
  return endpoints;
}

}  // namespace

Result<> collect(const Places& places, const log::Log& log) {
  TRY(user_data::make_directory(places.directory));
  const auto disks = find_config_disks(places.classes, places.devices);
  const DiskSource cidata{.name = "cidata", .label = "cidata", .file = "user-data", .required = true};
  TRY(keep_from_disk(places.directory, cidata, disks, log));
  const DiskSource config_drive{.name = "config-drive", .label = "config-2", .file = "openstack/latest/user_data"};
  TRY(keep_from_disk(places.directory, config_drive, disks, log));
  // The kernel makes this link with the file's name.
  TRY(keep(places.directory, "fw-cfg", read_plain(places.fw_cfg, user_data::kLargestDocument), log));
  TRY(keep(places.directory, "smbios", from_smbios(places.smbios), log));
  return keep(places.directory, "local", read_plain(places.local, user_data::kLargestDocument), log);
}

Result<> collect_imds(const Places& places, Imds& imds, const log::Log& log) {
  TRY(user_data::make_directory(places.imds));
  auto user_data = imds.user_data();
  // Whether there is some is not known: what an earlier run found stays.
  if (imds.stopped()) return fail(std::move(user_data).error());
  TRY(keep(places.imds, "imds", user_data, log));
  const CloudFacts facts = TRY(imds.facts());
  return sys::write_file_atomically(places.facts, user_data::to_text(facts), 0644);
}

Result<> notify_api(const Places& places) {
  auto connection = TRY_CTX(net::Connection::open(net::UnixEndpoint{places.api}, {.request = kApiPatience}),
                            "notifying the API server of user data");
  const net::ClientResponse answer =
      TRY_CTX(connection.send({.method = "PUT", .target = "/v1/user-data"}), "notifying the API server of user data");
  // Locked, as during a try: it looks again by itself when that has ended.
  if (answer.ok() || code_of(answer) == ErrorCode::locked) return {};
  return fail(ErrorCode::failed_precondition, "notifying the API server of user data: it answered {}", answer.status);
}

int run(std::span<const std::string> arguments, Places places, const log::Log& log) {
  Result<> done;
  if (arguments.size() == 1 && arguments[0] == "collect") {
    done = collect(places, log);
    if (!done) log.error(done.error());
    return 0;  // never fails the boot
  }
  if (arguments.empty() || arguments[0] != "imds") {
    std::fputs(kUsageText, stderr);
    return kUsage;
  }
  const auto endpoints = endpoints_of(arguments.subspan(1));
  if (!endpoints) {
    log.error(endpoints.error());
    return kUsage;
  }
  done = serve_imds(places, *endpoints, log);
  if (!done) log.error(done.error());
  return done ? 0 : 1;
}

}  // namespace bulkhead::collect
