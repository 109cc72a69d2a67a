#include "node/firewall/ruleset.hpp"

#include <nftables/libnftables.h>

#include <memory>
#include <string_view>

#include "lib/base/text.hpp"

namespace bulkhead::firewall {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 20U;

struct FreeContext {
  void operator()(nft_ctx* context) const { ::nft_ctx_free(context); }
};
using Context = std::unique_ptr<nft_ctx, FreeContext>;

// libnftables prints the wrong line and marks the place below it; a one-line message has no room for that.
std::string complaints(std::string_view printed) {
  std::string result;
  for (const std::string_view line : split(printed, '\n')) {
    if (line.contains("Error: ")) result += (result.empty() ? "" : "; ") + std::string(trim(line));
  }
  return result.empty() ? std::string(trim(printed)) : result;
}

}  // namespace

Result<> apply_ruleset(const sys::Path& file, Mode mode) {
  // libnftables reads the file itself, so that its messages name it; a missing file is reported better here.
  TRY(sys::read_file(file, kLargestFile));
  const Context context(::nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return fail(ErrorCode::internal, "libnftables is out of memory");
  ::nft_ctx_set_dry_run(context.get(), mode == Mode::check);
  if (::nft_ctx_buffer_error(context.get()) != 0 || ::nft_ctx_buffer_output(context.get()) != 0)
    return fail(ErrorCode::internal, "libnftables is out of memory");
  if (::nft_run_cmd_from_filename(context.get(), file.c_str()) == 0) return {};
  const std::string why = complaints(::nft_ctx_get_error_buffer(context.get()));
  if (why.contains("Operation not permitted"))
    return fail(ErrorCode::permission_denied, "{}; this needs CAP_NET_ADMIN", why);
  return fail(ErrorCode::invalid_argument, "{}", why);
}

}  // namespace bulkhead::firewall
