#include "cli/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxTextBytes = 1u << 20;
constexpr std::size_t kMaxNodes = 100'000;
constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxErrors = 100;

bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_word(char c) {
    return is_word_start(c) || (c >= '0' && c <= '9');
}

// Inside ${...} the characters that mean something to YAML are hidden from its parser as private-use characters
// (U+E000 + byte) and put back afterwards.
constexpr char32_t kHidden = 0xE000;

void append_hidden(char c, std::string& out) {
    const char32_t code = kHidden + static_cast<unsigned char>(c);
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
}

// The hidden byte at the start of `text`, or nothing.
std::optional<char> hidden_byte(std::string_view text) {
    if (text.size() < 3 || text[0] != '\xEE' || (text[1] != '\x80' && text[1] != '\x81')) return std::nullopt;
    return static_cast<char>(((text[1] & 1) << 6) | (text[2] & 0x3F));
}

std::string hide_references(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const std::optional<std::size_t> end = reference_end(text, i);
        if (!end) {
            out += text[i++];
            continue;
        }
        out += '$';
        for (++i; i < *end; ++i) {
            const char c = text[i];
            if (is_word(c) || static_cast<unsigned char>(c) >= 0x80) {
                out += c;
            } else {
                append_hidden(c, out);
            }
        }
    }
    return out;
}

std::string put_back(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (const std::optional<char> byte = hidden_byte(text.substr(i))) {
            out += *byte;
            i += 3;
        } else {
            out += text[i++];
        }
    }
    return out;
}

// The line of the first byte that yaml-cpp or the hiding above would trip over; 0: none.
int line_of_bad_byte(std::string_view text) {
    int line = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') ++line;
        const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
        if (control || c == '\x7F' || hidden_byte(text.substr(i))) return line;
    }
    return 0;
}

// Only remembers where a document begins.
class DocumentStart final : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark& mark) override { line_ = mark.line + 1; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
    int line() const { return line_; }

  private:
    int line_ = 1;
};

// The line of what YAML::Load would leave unread: a second document, or text that ends the first one where none begins.
// 0: nothing. YAML::LoadAll is not used for this: it never returns from text that no document can begin with (",").
int line_behind_document(const std::string& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    DocumentStart start;
    if (!parser.HandleNextDocument(start)) return 0;
    return parser.HandleNextDocument(start) ? start.line() : 0;
}

class TreeBuilder {
  public:
    TreeBuilder(const std::string& file, std::vector<Diagnostic>& errors) : file_(file), errors_(errors) {}

    void error(int line, std::string message) {
        if (errors_.size() < kMaxErrors) errors_.push_back({file_, line, std::move(message)});
    }

    // False: over a limit, give up.
    bool build(const YAML::Node& from, int parent_line, int depth, ConfigNode& to) {
        to.line = from.Mark().is_null() ? parent_line : from.Mark().line + 1;
        if (++nodes_ > kMaxNodes) {
            error(to.line, "more than 100,000 values (aliases counted as often as they are used)");
            return false;
        }
        if (depth > kMaxDepth) {
            error(to.line, "nested deeper than 32");
            return false;
        }
        // "?" and "!" are what yaml-cpp calls untagged.
        if (from.Tag().size() > 1) error(to.line, "tags such as " + quote(from.Tag()) + " are not understood");
        switch (from.Type()) {
            case YAML::NodeType::Undefined:
            case YAML::NodeType::Null:
                to.kind = ConfigNode::Kind::null;
                return true;
            case YAML::NodeType::Scalar:
                to.kind = ConfigNode::Kind::scalar;
                to.text = put_back(from.Scalar());
                return true;
            case YAML::NodeType::Sequence:
                return build_list(from, depth, to);
            case YAML::NodeType::Map:
                return build_map(from, depth, to);
        }
        return true;
    }

  private:
    bool build_list(const YAML::Node& from, int depth, ConfigNode& to) {
        to.kind = ConfigNode::Kind::list;
        for (const YAML::Node& item : from) {
            if (!build(item, to.line, depth + 1, to.items.emplace_back())) return false;
        }
        return true;
    }

    bool build_map(const YAML::Node& from, int depth, ConfigNode& to) {
        to.kind = ConfigNode::Kind::map;
        std::map<std::string, int> line_of;  // yaml-cpp itself keeps duplicates and finds the first
        for (const auto& pair : from) {
            const YAML::Node &key = pair.first, &value = pair.second;
            const int line = key.Mark().is_null() ? to.line : key.Mark().line + 1;
            if (!key.IsScalar()) {
                error(line, "a key is a single word");
                continue;
            }
            ConfigNode::Entry entry{put_back(key.Scalar()), line, {}};
            const auto [first, added] = line_of.try_emplace(entry.key, line);
            if (!added) {
                error(line, "duplicate key " + quote(entry.key) + ": it stands in line " +
                                std::to_string(first->second) + " already");
                continue;
            }
            if (!build(value, line, depth + 1, entry.value)) return false;
            if (entry.value.kind != ConfigNode::Kind::scalar) entry.value.line = line;
            to.entries.push_back(std::move(entry));
        }
        return true;
    }

    const std::string& file_;
    std::vector<Diagnostic>& errors_;
    std::size_t nodes_ = 0;
};

}  // namespace

std::optional<std::size_t> reference_end(std::string_view text, std::size_t at) {
    if (!text.substr(at).starts_with("${")) return std::nullopt;
    std::size_t end = at + 2;
    if (end >= text.size() || !is_word_start(text[end])) return std::nullopt;
    while (end < text.size() && is_word(text[end])) ++end;
    if (text.substr(end).starts_with(":-")) {
        while (end < text.size() && text[end] != '}' && text[end] != '\n') ++end;
    }
    if (end >= text.size() || text[end] != '}') return std::nullopt;
    return end + 1;
}

std::optional<ConfigNode> parse_yaml(std::string_view text, const std::string& file, std::vector<Diagnostic>& errors) {
    TreeBuilder builder(file, errors);
    if (text.size() > kMaxTextBytes) {
        builder.error(0, "larger than 1 MiB");
        return std::nullopt;
    }
    if (const int line = line_of_bad_byte(text)) {
        builder.error(line, "a control or private-use character");
        return std::nullopt;
    }
    try {
        const std::string hidden = hide_references(text);
        if (const int line = line_behind_document(hidden)) {
            builder.error(line, "this does not belong to what stands before: a configuration is one YAML document");
            return std::nullopt;
        }
        const YAML::Node document = YAML::Load(hidden);
        ConfigNode root;
        if (!document || document.IsNull()) {
            root.kind = ConfigNode::Kind::map;
            return root;
        }
        if (!builder.build(document, 1, 0, root)) return std::nullopt;
        return root;
    } catch (const YAML::Exception& problem) {
        builder.error(problem.mark.is_null() ? 0 : problem.mark.line + 1, "not YAML: " + put_back(problem.msg));
        return std::nullopt;
    }
}

}  // namespace weir::cli
