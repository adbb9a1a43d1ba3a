// YAML text -> a small tree with line numbers, which the configuration is read from. yaml-cpp stays in yaml_tree.cpp.
// Stricter than YAML: one document, keys are words, a key stands once, no tags, no merge keys.
// ${NAME} and ${NAME:-default} may stand unquoted anywhere, also inside { } and [ ], where YAML alone would not allow
// it. Thread rule: pure. Limits: text 1 MiB, 100,000 nodes (an alias counts as often as it is used), depth 32.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"

namespace weir::cli {

struct ConfigNode {
    enum class Kind : std::uint8_t { null, scalar, list, map };
    struct Entry;

    Kind kind = Kind::null;
    int line = 1;      // of a value's own text; of its key for a list or map under a key
    std::string text;  // scalar: as written, ${...} not expanded
    std::vector<ConfigNode> items;
    std::vector<Entry> entries;  // in the file's order
};

struct ConfigNode::Entry {
    std::string key;
    int line = 1;
    ConfigNode value;
};

// Adds what is wrong to `errors`; nothing where the text could not be read at all. An empty document is an empty map.
std::optional<ConfigNode> parse_yaml(std::string_view text, const std::string& file, std::vector<Diagnostic>& errors);

// Where the ${ at `at` ends (behind its brace), or nothing where it is not ${NAME} or ${NAME:-default}.
std::optional<std::size_t> reference_end(std::string_view text, std::size_t at);

}  // namespace weir::cli
