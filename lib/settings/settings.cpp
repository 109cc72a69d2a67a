#include "lib/settings/settings.hpp"

namespace bulkhead::settings {

const Shape& Settings::shape() { return Type<Settings>::shape(); }

const Settings& Settings::defaults() {
  static const Settings all = of_checked(settings::defaults(shape()));  // that they are good is tested
  return all;
}

Result<Settings> Settings::from_json(const Json& document) {
  TRY(check(document, shape()));
  return of_checked(document);
}

Settings Settings::of_checked(const Json& document) { return Type<Settings>::read(document); }

Json Settings::to_json() const { return Type<Settings>::write(*this); }

}  // namespace bulkhead::settings
