#include "lib/base/text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace bulkhead;
using Pieces = std::vector<std::string_view>;

TEST_CASE("splitting keeps empty pieces, but an empty text has none") {
  CHECK(split("", ',').empty());
  CHECK(split("a", ',') == Pieces{"a"});
  CHECK(split("a,,b", ',') == Pieces{"a", "", "b"});
  CHECK(split(",", ',') == Pieces{"", ""});
}

TEST_CASE("trimming removes blanks and line ends from both sides only") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim("  ").empty());
  CHECK(trim("") == "");
}

TEST_CASE("a text for a terminal controls nothing") {
  CHECK(printable("plain, Főtanúsítvány, 日本\t") == "plain, Főtanúsítvány, 日本\t");
  CHECK(printable("\x1b[2J\r\n\x7f") == R"(\x1b[2J\x0d\x0a\x7f)");
  CHECK(printable("a\nb", Keep::lines) == "a\nb");
  CHECK(printable("\xc2\x9b"
                  "31m") == R"(\u009b31m)");  // CSI as one character of C1
  CHECK(printable("\xe2\x80\xae"
                  "evil") == R"(\u202eevil)");  // from right to left
  CHECK(printable("a\xe2\x80\x8b"
                  "b") == R"(a\u200bb)");  // a space without width
  CHECK(printable("\xe2\x80\xa8|\xef\xbf\xbf") == R"(\u2028|\uffff)");
  CHECK(printable("\x9b|\xc3(") == R"(\x9b|\xc3()");
}

TEST_CASE("a JSON text for a terminal is a JSON text with the same value") {
  CHECK(printable_json("{\n \"a\": \"\xc2\x9b\x7f\"}") == "{\n \"a\": \"\\u009b\\u007f\"}");
  CHECK(printable_json("\"\xff\"") == R"("\ufffd")");
}

TEST_CASE("only well-formed UTF-8 is UTF-8") {
  for (const char* text : {"", "plain", "Főtanúsítvány", "\xe2\x82\xac", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    INFO(text);
    CHECK(is_utf8(text));
  }
  for (const char* text : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff", "\xe2\x82", "\xc3("}) {
    CHECK_FALSE(is_utf8(text));
  }
  CHECK(is_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("a number is the whole text and fits its type") {
  CHECK(parse_integer<int>("-12") == -12);
  CHECK(parse_integer<std::uint8_t>("255") == 255);
  for (const char* text : {"", "256", "-1", "+1", "1 ", " 1", "1x", "0x10", "1.0"}) {
    INFO(text);
    CHECK_FALSE(parse_integer<std::uint8_t>(text));
  }
}

TEST_CASE("one star and a question mark stay inside a path component") {
  CHECK(glob_match("/usr/bin/*", "/usr/bin/crun"));
  CHECK_FALSE(glob_match("/usr/*", "/usr/bin/crun"));
  CHECK(glob_match("/usr/bin/c?un", "/usr/bin/crun"));
  CHECK_FALSE(glob_match("/usr?bin", "/usr/bin"));
  CHECK(glob_match("*", ""));
  CHECK_FALSE(glob_match("?", ""));
}

TEST_CASE("two stars cross path components") {
  CHECK(glob_match("/usr/**", "/usr/share/doc/x"));
  CHECK(glob_match("/usr/**/*.txt", "/usr/share/doc/x.txt"));
  CHECK_FALSE(glob_match("/usr/**/*.txt", "/usr/share/doc/x.md"));
  CHECK(glob_match("**", "/any/thing"));
}

TEST_CASE("a pattern must match the whole path") {
  CHECK_FALSE(glob_match("/usr", "/usr/bin"));
  CHECK_FALSE(glob_match("/usr/bin", "/usr"));
  CHECK(glob_match("", ""));
}

TEST_CASE("classes match one character, with ranges and negation, but never a slash") {
  CHECK(glob_match("lib[a-c0].so", "libb.so"));
  CHECK(glob_match("lib[a-c0].so", "lib0.so"));
  CHECK_FALSE(glob_match("lib[a-c0].so", "libd.so"));
  CHECK(glob_match("x[!a]y", "xby"));
  CHECK_FALSE(glob_match("x[!a]y", "xay"));
  CHECK_FALSE(glob_match("x[!a]y", "x/y"));
  CHECK(glob_match("x[]]y", "x]y"));
  CHECK(glob_match("x[a-]y", "x-y"));
  CHECK_FALSE(glob_match("x[ay", "xay"));
}

TEST_CASE("a backslash takes the next character as it is") {
  CHECK(glob_match("\\*", "*"));
  CHECK_FALSE(glob_match("\\*", "a"));
  CHECK(glob_match("a\\[b", "a[b"));
}

TEST_CASE("stars are tried together, so that no pattern takes exponential time") {
  CHECK(glob_match("**a*/b**", "xa/a/ab/b/c"));
  CHECK_FALSE(glob_match("**a*/b", "xa/a/ab/c"));
  CHECK(glob_match("/**/x/*b", "/x/a/x/cb"));
  CHECK(glob_match("a***b", "a/x/b"));
  CHECK_FALSE(glob_match("a*b*c", "ab/c"));
  // Trying one star after the other would not come to an end here.
  const auto repeated = [](std::string_view piece, std::size_t size) {
    std::string text;
    while (text.size() < size) text += piece;
    return text;
  };
  CHECK_FALSE(glob_match(repeated("**a*", 10'000) + "b", std::string(10'000, 'a')));
  CHECK(glob_match(repeated("**a*", 1000) + "b", std::string(1000, 'a') + "b"));
  CHECK_FALSE(glob_match(repeated("*", 1000) + "b", std::string(1000, '/')));
  CHECK_FALSE(glob_match(repeated("*[!b-z]", 1000) + "b", std::string(1000, 'a')));
}

TEST_CASE("edit distance counts insertions, deletions and replacements") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("same", "same") == 0);
  CHECK(edit_distance("flaw", "lawn") == edit_distance("lawn", "flaw"));
}

TEST_CASE("the nearest word is a likely typing mistake, or nothing") {
  const std::vector<std::string> words = {"build", "boot", "inspect", "verify"};
  CHECK(nearest("biuld", words) == "build");
  CHECK(nearest("inspct", words) == "inspect");
  CHECK(nearest("frobnicate", words).empty());
  CHECK(nearest("x", std::vector<std::string>{"ab"}).empty());
  CHECK(nearest("build", {}).empty());
}

TEST_CASE("sizes are shown in binary units, whole numbers without a fraction") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1 KiB");
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(format_bytes(1048575) == "1.0 MiB");
  CHECK(format_bytes(std::uint64_t{512} << 20U) == "512 MiB");
  CHECK(format_bytes(std::uint64_t{5} << 50U) == "5120 TiB");
}

TEST_CASE("sizes are read in binary units; overflow, fractions and other letters are refused") {
  CHECK(parse_bytes("0") == 0);
  CHECK(parse_bytes("4096") == 4096);
  CHECK(parse_bytes("64K") == 65536);
  CHECK(parse_bytes("1G") == std::uint64_t{1} << 30U);
  CHECK(parse_bytes("16777215T") == std::uint64_t{16777215} << 40U);
  CHECK(parse_bytes("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "K", "1.5M", "-1", "1k", "1MB", "16777216T", "18446744073709551616", " 1"}) {
    INFO(text);
    CHECK_FALSE(parse_bytes(text));
  }
}
