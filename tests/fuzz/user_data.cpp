// Any bytes are either a document of user data, whose settings pass the model, or an error that names the source.
#include "api-server/user-data/user_data.hpp"

#include <cstdint>
#include <cstdlib>

#include "lib/settings/settings.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const user_data::Document document{.source = "cidata",
                                     .content = std::string(reinterpret_cast<const char*>(data), size)};
  const auto values = intake::decode(document);
  if (!values) {
    if (!values.error().describe().starts_with("cidata:")) std::abort();
    return 0;
  }
  if (!settings::check(*values, settings::Settings::shape())) std::abort();
  const intake::MergedDocuments twice = intake::merged_documents(std::array{document, document});
  if (twice.outcomes.size() != 2 || twice.settings != *values) std::abort();
  return 0;
}
