// Typed, strict access to the configuration's tree: every read names what it wants, and says with file and line what
// stands there instead. Nothing throws; a value that is wrong leaves its target as it was.
// Thread rule: one Reader a file, one thread.
// Limits: 100 errors and 100 warnings are kept, the rest is counted.
#pragma once

#include <concepts>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/config.h"
#include "cli/yaml_tree.h"

namespace weir::cli {

class Reader {
  public:
    // Without `secrets` those are not looked for; each stands for itself, as it is written.
    Reader(std::string file, const Environment& environment, bool secrets = true)
        : file_(std::move(file)), environment_(environment), secrets_(secrets) {}

    void error(int line, std::string message);
    void warning(int line, std::string message);
    bool failed() const { return !errors_.empty(); }
    const std::string& file() const { return file_; }
    // Sorted by line.
    std::vector<Diagnostic> take_errors();
    std::vector<Diagnostic> take_warnings();
    std::vector<Diagnostic>& raw_errors() { return errors_; }

    // A scalar with ${NAME} and ${NAME:-default} put in. `what` names it in messages ("providers.openai.base_url").
    std::optional<std::string> text(const ConfigNode& node, const std::string& what);
    // A scalar that is ${NAME} as a whole: visible ASCII characters, at most 4,096.
    std::optional<std::string> secret(const ConfigNode& node, const std::string& what);
    // One text or a list of texts.
    std::vector<std::string> texts(const ConfigNode& node, const std::string& what, std::size_t at_most);

  private:
    std::optional<std::string> expand(const ConfigNode& node, const std::string& what);

    std::string file_;
    const Environment& environment_;
    const bool secrets_;
    std::vector<Diagnostic> errors_, warnings_;
};

// A map of the configuration. Each read marks its key as known; finish() reports the keys that nobody asked for.
class Section {
  public:
    // `path` names it in messages; empty for the whole file. A node that is no map is reported, and reads as empty.
    Section(Reader& reader, const ConfigNode& node, std::string path);

    int line() const { return line_; }
    std::string path_to(std::string_view key) const;
    const ConfigNode* find(std::string_view key);     // nothing where absent, or present without a value (an error)
    const ConfigNode* require(std::string_view key);  // an error where absent
    bool has(std::string_view key) const;             // be its value ever so wrong
    int line_of(std::string_view key) const;          // of the key; the section's where absent

    // Each leaves `to` alone where the key is absent or its value is wrong.
    bool text(std::string_view key, std::string& to);
    void secret(std::string_view key, std::string& to);
    void flag(std::string_view key, bool& to);  // true or false
    void size(std::string_view key, std::uint64_t& to, std::uint64_t least, std::uint64_t most);
    void duration(std::string_view key, Micros& to, Micros least, Micros most);
    void share(std::string_view key, double& to, double least, double most);
    void real(std::string_view key, std::optional<double>& to, double least, double most);
    void usd(std::string_view key, std::optional<Usd>& to, Usd most);  // decimal dollars, from 0, exactly
    void address(std::string_view key, gateway::Address& to);
    template <std::unsigned_integral T>
    void whole(std::string_view key, T& to, T least, T most) {
        std::uint64_t value = to;
        whole_number(key, value, least, most);
        to = static_cast<T>(value);
    }
    template <class T>
    bool choice(std::string_view key, T& to, std::initializer_list<std::pair<std::string_view, T>> choices) {
        const std::optional<std::string> word = scalar(key);
        if (!word) return false;
        std::vector<std::string_view> names;
        for (const auto& [name, value] : choices) {
            if (*word == name) {
                to = value;
                return true;
            }
            names.push_back(name);
        }
        not_a_choice(key, *word, names);
        return false;
    }

    // For what a value must not be besides: `"its value" <is_not_what>`, with its line.
    void wrong(std::string_view key, const std::string& is_not_what);
    // `why`: of keys that exist elsewhere, but not here; said instead of "unknown key".
    void refuse(std::string_view key, std::string_view why);
    void finish();

  private:
    std::optional<std::string> scalar(std::string_view key);
    void whole_number(std::string_view key, std::uint64_t& to, std::uint64_t least, std::uint64_t most);
    void not_a_choice(std::string_view key, const std::string& word, const std::vector<std::string_view>& names);

    Reader& reader_;
    const ConfigNode* node_;  // a map, or nothing
    std::string path_;
    int line_;
    std::vector<std::string_view> known_;  // keys are literals: they outlive the section
    std::vector<std::string_view> refused_;
};

// "a, b, c"
std::string join(const std::vector<std::string_view>& words);

}  // namespace weir::cli
