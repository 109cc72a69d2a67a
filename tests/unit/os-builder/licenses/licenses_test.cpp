#include <catch2/catch_test_macros.hpp>

#include "os-builder/licenses/collect.hpp"

using namespace bulkhead;
using namespace bulkhead::licenses;

namespace {

constexpr const char* kHeader = "Format: DEP-5\nUpstream-Name: example\n\n";

DeclaredLicense declared(const std::string& paragraphs) {
  const std::string text = kHeader + paragraphs;
  const auto file = parse_copyright(text);
  REQUIRE(file);
  return declared_license(*file, "example", text);
}

std::string expression(const std::string& synopsis) {
  return declared("Files: *\nCopyright: somebody\nLicense: " + synopsis + "\n").expression;
}

packages::Package package(const std::string& name, const std::string& source, const std::string& version = "1-1") {
  packages::Package made;
  made.name = name;
  made.version = version;
  made.source = source;
  made.source_version = version;
  return made;
}

const std::string kMit = std::string(kHeader) + "Files: *\nLicense: Expat\n Text of it.\n";

std::string text_of(const LicenseReport& report, const std::string& path) {
  const rootfs::Entry* const entry = report.texts.find(path);
  if (entry == nullptr || entry->content() == nullptr) return "absent";
  return entry->content()->read().value_or("unreadable");
}

}  // namespace

TEST_CASE("Debian's short names become SPDX's, in any case") {
  CHECK(spdx_name("GPL-2+") == "GPL-2.0-or-later");
  CHECK(spdx_name("gpl-2") == "GPL-2.0-only");
  CHECK(spdx_name("Expat") == "MIT");
  CHECK(spdx_name("BSD-3-clause") == "BSD-3-Clause");
  CHECK(spdx_name("GPL-2 with Linux-syscall-note exception") == "GPL-2.0-only WITH Linux-syscall-note");
  CHECK(spdx_name("GPL-3+ with Autoconf exception") == "GPL-3.0-or-later WITH Autoconf-exception-3.0");
  CHECK(spdx_name("GPL-2+ with Autoconf exception") == "GPL-2.0-or-later WITH Autoconf-exception-2.0");
}

TEST_CASE("a name that may mean something else is not guessed") {
  for (const char* name : {"BSD", "BSD-3-clause-JANET", "public-domain", "GPL-2+ with OpenSSL exception", "MIT-X11",
                           "custom", "GPL-4", "LGPL-2.1+ with Autoconf exception", ""})
    CHECK(spdx_name(name).empty());
}

TEST_CASE("and, or and commas keep their meaning") {
  CHECK(expression("GPL-2+") == "GPL-2.0-or-later");
  CHECK(expression("GPL-2+ or Expat") == "GPL-2.0-or-later OR MIT");
  CHECK(expression("GPL-2+ and Expat") == "GPL-2.0-or-later AND MIT");
  CHECK(expression("ISC or GPL-2+ and Expat") == "ISC OR GPL-2.0-or-later AND MIT");  // AND binds more in both
  CHECK(expression("ISC or GPL-2+, and Expat") == "(ISC OR GPL-2.0-or-later) AND MIT");
  CHECK(expression("GPL-2+ with Bison exception, Expat and ISC") ==
        "GPL-2.0-or-later WITH Bison-exception-2.2 AND ISC AND MIT");
  CHECK(expression("Expat or Expat") == "MIT");
}

TEST_CASE("all licenses of a file apply, each once, in one order") {
  const auto license = declared(
      "Files: *\nLicense: GPL-2+\n\nFiles: a\nLicense: Expat\n\nFiles: b\nLicense: GPL-2+\n\n"
      "Files: c\nLicense: ISC or Zlib\n\nLicense: GPL-2+\n The text.\n");
  CHECK(license.expression == "(ISC OR Zlib) AND GPL-2.0-or-later AND MIT");
  CHECK(license.references.empty());
}

TEST_CASE("other licenses are references with their text, wherever it stands") {
  const auto license = declared(
      "Files: *\nLicense: custom\n Do what\n .\n  you want.\n\nFiles: b\nLicense: Public Domain+\n\n"
      "Files: c\nLicense: unexplained\n\nLicense: public domain+\n Nobody's.\n");
  CHECK(license.expression ==
        "LicenseRef-example-Public-Domain-or-later AND LicenseRef-example-custom AND LicenseRef-example-unexplained");
  const auto text = [&](const std::string& id) {
    for (const LicenseReference& reference : license.references) {
      if (reference.id == id) return reference.text;
    }
    return std::string("absent");
  };
  CHECK(text("LicenseRef-example-custom") == "Do what\n\n you want.");
  CHECK(text("LicenseRef-example-Public-Domain-or-later") == "Nobody's.");
  CHECK(text("LicenseRef-example-unexplained").contains("Upstream-Name: example"));  // the whole file
}

TEST_CASE("different texts under one name are all kept") {
  const auto license =
      declared("Files: *\nLicense: x\n First.\n\nFiles: b\nLicense: x\n Second.\n\nFiles: c\nLicense: x\n First.\n");
  REQUIRE(license.references.size() == 1);
  CHECK(license.references[0].text == "First.\n\nSecond.");
}

TEST_CASE("a license without a name has its text, and names have only characters of SPDX identifiers") {
  const auto license =
      declared("Files: *\nLicense:\n Only text.\n\nFiles: b\nLicense: ...\n\nFiles: c\nLicense: MIT/X11\n");
  CHECK(license.expression == "LicenseRef-example-MIT-X11 AND LicenseRef-example-unnamed");
  for (const LicenseReference& reference : license.references)
    CHECK(reference.id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") ==
          std::string::npos);
}

TEST_CASE("a file in free form is not taken for a machine-readable one") {
  CHECK_FALSE(parse_copyright(""));
  CHECK_FALSE(parse_copyright("This is free software.\nLicense: GPL-2+\n"));
  CHECK_FALSE(parse_copyright("Format: DEP-5\n\nLicense: GPL-2+\n Only a text.\n"));
  CHECK_FALSE(parse_copyright("\n\n\n:::\n :\n"));
}

TEST_CASE("a package has the license of its copyright file, also through a link to another package's") {
  packages::PackageSet set;
  set.packages = {package("kmod", "kmod"), package("libkmod2", "kmod"), package("other", "kmod"),
                  package("alone", "alone"), package("older", "kmod", "0-1")};
  rootfs::Tree documents;
  REQUIRE(documents.put_file("/usr/share/doc/libkmod2/copyright", kMit, 0644, "libkmod2"));
  REQUIRE(documents.put_symlink("/usr/share/doc/kmod", "libkmod2", "kmod"));
  const auto report = collect(set, documents, {});
  REQUIRE(report);
  CHECK(report->packages.at("kmod").expression == "MIT");
  CHECK(report->packages.at("other").expression == "MIT");  // of the same source and version
  CHECK(report->packages.at("kmod").text == "/kmod/copyright");
  CHECK(report->packages.at("alone").expression == "NOASSERTION");
  CHECK_FALSE(report->packages.at("alone").basis.empty());
  CHECK(report->packages.at("older").expression == "NOASSERTION");
  CHECK(text_of(*report, "/kmod/copyright") == kMit);
  CHECK(text_of(*report, "/INDEX").contains("kmod\t1-1\tMIT\tkmod/copyright\n"));
}

TEST_CASE("a link that leads nowhere, out of the documents or in a circle gives no license") {
  packages::PackageSet set;
  set.packages = {package("a", "a"), package("b", "b"), package("c", "c")};
  rootfs::Tree documents;
  REQUIRE(documents.put_symlink("/usr/share/doc/a", "../../../../etc/passwd", "a"));
  REQUIRE(documents.put_symlink("/usr/share/doc/b", "c", "b"));
  REQUIRE(documents.put_symlink("/usr/share/doc/c", "b", "c"));
  const auto report = collect(set, documents, {});
  REQUIRE(report);
  for (const char* name : {"a", "b", "c"}) CHECK(report->packages.at(name).expression == "NOASSERTION");
}

TEST_CASE("a file in free form is a reference to itself, unless the variant says what it means") {
  packages::PackageSet set;
  set.packages = {package("libnl", "libnl3"), package("libtwo", "libnl3")};
  rootfs::Tree documents;
  REQUIRE(documents.put_file("/usr/share/doc/libnl/copyright", "It is free.", 0644, "libnl"));
  REQUIRE(documents.put_file("/usr/share/doc/libtwo/copyright", "It is also free.", 0644, "libtwo"));
  const auto report = collect(set, documents, {});
  REQUIRE(report);
  CHECK(report->packages.at("libnl").expression == "LicenseRef-libnl3-copyright");
  REQUIRE_FALSE(report->references.empty());
  CHECK(report->references[0].text == "It is free.");
  CHECK(text_of(*report, "/libnl3/copyright") == "It is free.");
  CHECK(text_of(*report, "/libnl3/copyright.libtwo") == "It is also free.");

  const auto stated = collect(set, documents, {{"libnl3", "LGPL-2.1-only"}});
  REQUIRE(stated);
  CHECK(stated->packages.at("libnl").expression == "LGPL-2.1-only");
  CHECK(stated->references.empty());
}

TEST_CASE("texts that copyright files refer to are passed on, and it is an error when no package has them") {
  packages::PackageSet set;
  set.packages = {package("a", "a")};
  rootfs::Tree documents;
  REQUIRE(documents.put_file("/usr/share/doc/a/copyright", "See /usr/share/common-licenses/GPL-2.", 0644, "a"));
  const auto missing = collect(set, documents, {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::failed_precondition);
  CHECK(missing.error().hint.contains("base-files"));

  REQUIRE(documents.put_file("/usr/share/common-licenses/GPL-2", "GNU", 0644, "base-files"));
  REQUIRE(documents.put_symlink("/usr/share/common-licenses/GPL", "GPL-2", "base-files"));
  const auto report = collect(set, documents, {});
  REQUIRE(report);
  CHECK(text_of(*report, "/common-licenses/GPL-2") == "GNU");
  CHECK(report->texts.find("/common-licenses/GPL")->symlink() != nullptr);
}
