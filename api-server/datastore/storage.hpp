// Where the datastore keeps its bytes: one file that is appended to, and now and then replaced as a whole. The seam at
// which tests simulate power cuts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/sys/file.hpp"

namespace bulkhead::datastore {

class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  // Everything that is stored; empty when there is nothing yet.
  virtual Result<std::string> read() = 0;
  // Durable when it returns. After a failure or a power cut, any beginning of `bytes` may be stored, with any content
  // in place of the rest.
  virtual Result<> append(std::string_view bytes) = 0;
  // Truncates to `size` bytes, durably.
  virtual Result<> truncate(std::uint64_t size) = 0;
  // Replaces the content by `bytes`, durably, or changes nothing.
  virtual Result<> replace(std::string_view bytes) = 0;
};

// What datastore.hpp lets a file become, with room for characters that JSON escapes.
inline constexpr std::uint64_t kLargestFile = std::uint64_t{32} << 20U;

// A file of mode 0600, made when it is missing. At most kLargestFile bytes are read.
class FileStorage final : public Storage {
 public:
  static Result<std::unique_ptr<FileStorage>> open(const sys::Path& path);

  Result<std::string> read() override;
  Result<> append(std::string_view bytes) override;
  Result<> truncate(std::uint64_t size) override;
  Result<> replace(std::string_view bytes) override;

 private:
  FileStorage(sys::Path path, sys::UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}

  sys::Path path_;
  sys::UniqueFd file_;
};

// For programs that keep nothing, and for tests.
class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(std::string content = {}) : content_(std::move(content)) {}

  Result<std::string> read() override { return content_; }
  Result<> append(std::string_view bytes) override {
    content_ += bytes;
    return {};
  }
  Result<> truncate(std::uint64_t size) override {
    content_.resize(static_cast<std::size_t>(size));
    return {};
  }
  Result<> replace(std::string_view bytes) override {
    content_ = bytes;
    return {};
  }

 private:
  std::string content_;
};

}  // namespace bulkhead::datastore
