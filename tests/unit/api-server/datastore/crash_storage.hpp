// Storage whose power can be cut in the middle of any write. What was being written then may be there in part: any
// sectors of it, the others with zeros in their place, and the file as long as any of that.
#pragma once

#include <random>

#include "api-server/datastore/storage.hpp"

namespace bulkhead::datastore {

struct PowerCut {};

// The disk, which outlives the machine.
struct Disk {
  std::string durable;
  int writes_until_cut = -1;  // -1: never
  std::mt19937 random{1};
};

class CrashStorage final : public Storage {
 public:
  explicit CrashStorage(Disk& disk) : disk_(disk) {}

  Result<std::string> read() override { return disk_.durable; }
  Result<> append(std::string_view bytes) override {
    if (cut()) {
      disk_.durable += torn(bytes);
      throw PowerCut{};
    }
    disk_.durable += bytes;
    return {};
  }
  Result<> truncate(std::uint64_t size) override {
    if (cut()) {
      if (coin()) disk_.durable.resize(size);
      throw PowerCut{};
    }
    disk_.durable.resize(size);
    return {};
  }
  // A rename: the old or the new, never something between.
  Result<> replace(std::string_view bytes) override {
    if (cut()) {
      if (coin()) disk_.durable = bytes;
      throw PowerCut{};
    }
    disk_.durable = bytes;
    return {};
  }

 private:
  static constexpr std::size_t kSector = 32;  // small, so that records have many

  bool coin() { return disk_.random() % 2 == 0; }
  bool cut() { return disk_.writes_until_cut >= 0 && disk_.writes_until_cut-- == 0; }
  std::string torn(std::string_view bytes) {
    std::string result(bytes.substr(0, disk_.random() % (bytes.size() + 1)));
    for (std::size_t at = 0; at < result.size(); at += kSector) {
      if (coin())
        result.replace(at, std::min(kSector, result.size() - at), std::min(kSector, result.size() - at), '\0');
    }
    return result;
  }

  Disk& disk_;
};

}  // namespace bulkhead::datastore
