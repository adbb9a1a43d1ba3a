// Reading a LiteLLM configuration so that nothing of it is lost silently: what has been read is told to be carried
// over, carried but changed, not carried, or of no use to Weir; finish() tells of the keys that nobody has asked for.
// Thread rule: one Source a map, one thread; no I/O. Limits: those of cli/yaml_tree.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/yaml_tree.h"

namespace weir::cli {

struct LitellmNote {
    std::string path;  // "model_list[0].litellm_params.rpm"
    int line = 0;
    std::string why;  // for what is carried: what it has become
};

// What became of the source. A note about a map or a list speaks for all that is in it, unless that has a note of its
// own.
struct LitellmTale {
    std::vector<LitellmNote> carried;
    std::vector<LitellmNote> changed;      // carried, but it works otherwise, or has to be looked after
    std::vector<LitellmNote> not_carried;  // it did something, and does nothing now
    std::vector<LitellmNote> idle;         // Weir needs nothing in its place
};

class LitellmSource {
  public:
    // A node that is no map reads as empty, and is told as not carried.
    LitellmSource(LitellmTale& tale, const ConfigNode& node, std::string path);

    const std::string& path() const { return path_; }
    int line() const { return line_; }
    std::string path_to(std::string_view key) const;
    int line_of(std::string_view key) const;  // the map's where absent
    bool has(std::string_view key) const;

    // The value, to be told of afterwards. Nothing where it is absent or null.
    const ConfigNode* find(std::string_view key) const;
    // The same for a single value; another one is told as not carried.
    std::optional<std::string> scalar(std::string_view key);
    std::optional<bool> flag(std::string_view key);
    // Each key is told of once, the first time. Nothing is told where it is absent; null does nothing.
    void carried(std::string_view key, std::string into);
    void changed(std::string_view key, std::string why);
    void left(std::string_view key, std::string why);
    void idle(std::string_view key);
    void told(std::string_view key);  // by somebody else
    // Whatever has not been told of is not carried.
    void finish(const std::string& why);

  private:
    const ConfigNode::Entry* entry(std::string_view key) const;
    void tell(std::vector<LitellmNote>& to, std::string_view key, std::string why);

    LitellmTale& tale_;
    const ConfigNode* node_;  // a map, or nothing
    std::string path_;
    int line_;
    std::vector<std::string> told_;
};

constexpr std::string_view kLitellmUnknown = "not known to this importer";

inline bool is_litellm_word(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Puts what `<<` names into the maps that have it, as YAML 1.1 does: what a map says itself counts. Error: the values
// of the document would become more than 100,000.
std::optional<std::string> merge_yaml_keys(ConfigNode& root);

// Values.
std::optional<std::string> environment_name(std::string_view text);  // of "os.environ/NAME"
// A text that may stand in a configuration of Weir's as it is: 1 to 1,024 bytes of visible ASCII and spaces, none of
// which it would expand. With `environment`, os.environ/NAME becomes ${NAME}.
std::optional<std::string> portable_text(std::string_view text, bool environment);
// Seconds, whole or with a fraction -> a duration, "90s"; nothing: no such number, or outside of least to most.
std::optional<std::string> seconds_text(std::string_view seconds, std::int64_t least_micros, std::int64_t most_micros);
// USD per token -> USD per million tokens, exactly: "1.5e-07" -> "0.15". Nothing: no price, or finer than 1e-12.
std::optional<std::string> price_text(std::string_view usd_per_token);
// Pico-dollars a token as USD per million tokens: 150000 -> "0.15".
std::string price_text(std::int64_t picos_per_token);

}  // namespace weir::cli
