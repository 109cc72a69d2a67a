#include "api-server/user-data/gunzip.hpp"

#include <zlib.h>

#include <array>
#include <memory>

namespace bulkhead::intake {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

struct End {
  void operator()(z_stream* stream) const { ::inflateEnd(stream); }
};

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::string> gunzip(std::string_view bytes, std::size_t limit) {
  z_stream state{};
  if (::inflateInit2(&state, kGzipOnly) != Z_OK) return fail(ErrorCode::internal, "zlib cannot be initialized");
  const std::unique_ptr<z_stream, End> stream(&state);
  std::string input(bytes);  // zlib's pointer is not const
  stream->next_in = reinterpret_cast<Bytef*>(input.data());
  stream->avail_in = static_cast<uInt>(input.size());
  std::string unpacked;
  std::array<char, 16384> piece{};
  for (;;) {
    stream->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream->avail_out = static_cast<uInt>(piece.size());
    const int status = ::inflate(stream.get(), Z_NO_FLUSH);
    unpacked.append(piece.data(), piece.size() - stream->avail_out);
    if (unpacked.size() > limit)
      return fail(ErrorCode::invalid_argument, "the gzip file unpacks to more than {} bytes", limit);
    if (status == Z_STREAM_END) {
      if (stream->avail_in == 0) return unpacked;
      if (::inflateReset(stream.get()) != Z_OK) return fail(ErrorCode::internal, "zlib cannot be initialized again");
    } else if (status != Z_OK) {
      return fail(ErrorCode::invalid_argument, "the gzip file is {}",
                  status == Z_BUF_ERROR ? "incomplete" : "damaged, or followed by other bytes");
    }
  }
}

}  // namespace bulkhead::intake
