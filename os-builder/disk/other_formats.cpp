// The raw image converted to qcow2 and to a zstd stream.
#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/disk/disk.hpp"
#include "os-builder/disk/tool.hpp"

namespace bulkhead::disk {
namespace {

// Independent frames of 4 MiB: a frame depends on nothing but its content, so the output is the same whatever is a hole
// in the input, and the long runs of zeros of a disk image are compressed once. zstd(1) reads frames in a row as one
// stream.
constexpr std::size_t kFrame = std::size_t{4} << 20U;
constexpr int kLevel = 1;  // the root image is compressed already; more only costs time

template <auto function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};

class FrameCompressor {
 public:
  FrameCompressor() : context_(ZSTD_createCCtx()), output_(ZSTD_compressBound(kFrame)) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  // Valid until the next call.
  Result<std::span<const std::byte>> compress(std::span<const std::byte> content) {
    const std::size_t size =
        ZSTD_compress2(context_.get(), output_.data(), output_.size(), content.data(), content.size());
    if (ZSTD_isError(size) != 0) return fail(ErrorCode::internal, "zstd: {}", ZSTD_getErrorName(size));
    return std::span(output_).first(size);
  }

 private:
  std::unique_ptr<ZSTD_CCtx, Release<ZSTD_freeCCtx>> context_;
  std::vector<std::byte> output_;
};

Result<> compress_file(int from, std::uint64_t size, int to) {
  FrameCompressor compressor;
  std::vector<std::byte> buffer(kFrame);
  const auto zeros = TRY(compressor.compress(buffer));
  const std::vector<std::byte> zero_frame(zeros.begin(), zeros.end());
  std::uint64_t data_at = sys::next_data(from, 0, size);
  for (std::uint64_t offset = 0; offset < size; offset += kFrame) {
    const std::span chunk =
        std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(kFrame, size - offset)));
    if (data_at < offset) data_at = sys::next_data(from, offset, size);
    if (chunk.size() == kFrame && data_at >= offset + kFrame) {
      TRY(sys::write_all(to, zero_frame));
      continue;
    }
    TRY(sys::read_exactly_at(from, chunk, offset));
    const auto frame = TRY(compressor.compress(chunk));
    TRY(sys::write_all(to, frame));
  }
  return {};
}

}  // namespace

Result<> write_qcow2(const sys::Path& raw, const sys::Path& output) {
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".qcow2."));
  const sys::Path image = work.path() / output.filename();
  // One coroutine: clusters are allocated in the order of the disk.
  const sys::Command command{
      .arguments = {"qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", "-m", "1", raw.native(), image.native()}};
  TRY_CTX(run_tool(command, work.path()), "writing {}", output.filename().native());
  return sys::rename(image, output);
}

Result<> write_zstd(const sys::Path& raw, const sys::Path& output) {
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".zstd."));
  const sys::Path file = work.path() / output.filename();
  const sys::UniqueFd from = TRY(sys::open_file(raw, O_RDONLY));
  sys::UniqueFd to = TRY(sys::open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0644));
  const std::uint64_t size = TRY(sys::file_size(raw));
  TRY_CTX(compress_file(from.get(), size, to.get()), "writing {}", output.filename().native());
  TRY(to.close());
  return sys::rename(file, output);
}

}  // namespace bulkhead::disk
