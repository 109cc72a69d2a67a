// bulkhead-user-data: brings the documents of a boot to /run/bulkhead/user-data (documents.hpp).
//
//   collect                     from every source that needs no network; before the API server.
//                               bulkhead-config-disks.service waits for the drivers of disks before it
//   imds [--endpoint URL]...    from the metadata service of EC2, and the facts; when the network is up
//
// No source can stop a boot: its error is stored in place of its document, and logged.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/log/log.hpp"
#include "lib/net/well_known.hpp"
#include "lib/sys/file.hpp"
#include "lib/user_data/documents.hpp"
#include "lib/user_data/facts.hpp"
#include "node/user-data/imds.hpp"
#include "node/user-data/smbios.hpp"

namespace bulkhead::collect {

struct Places {
  sys::Path directory = user_data::kUserDataDirectory;
  sys::Path imds = user_data::kImdsDirectory;
  sys::Path facts = user_data::kFactsFile;
  sys::Path classes = "/sys/class/block";
  sys::Path devices = "/dev";
  sys::Path fw_cfg = "/sys/firmware/qemu_fw_cfg/by_name/opt/bulkhead/user-data/raw";
  sys::Path smbios = kSmbiosTable;
  sys::Path local = "/state/user-data.toml";
  sys::Path api = net::kApiSocket;
};

// Replaces the results of an earlier call. Errors: those of writing.
Result<> collect(const Places& places, const log::Log& log);

// Errors: those of writing, and of the facts. A service that does not answer is an error of the source, not of this
// function.
Result<> collect_imds(const Places& places, Imds& imds, const log::Log& log);

// Asks the API server to look again: PUT /v1/user-data. Errors: those of net::Connection; failed_precondition when it
// refuses.
Result<> notify_api(const Places& places);

// The program; its exit status.
int run(std::span<const std::string> arguments, Places places, const log::Log& log);

}  // namespace bulkhead::collect
