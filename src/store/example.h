// A training example: what was asked and what the reference said, as the example store keeps it (docs/examples.md), and
// the records it is written as.
// Thread rule: plain values and pure functions. Limits: kMostPromptBytes, kMostAnswerBytes, kMostContextBytes,
// kMostVectorBytes, names of kMostNameBytes; a record that breaks one, or is not whole, is not read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/request_id.h"
#include "base/units.h"

namespace weir::store {

inline constexpr std::size_t kMostPromptBytes = 32 * 1024;
inline constexpr std::size_t kMostAnswerBytes = 32 * 1024;
inline constexpr std::size_t kMostContextBytes = 128 * 1024;  // a system text, a response format
inline constexpr std::size_t kMostNameBytes = 512;            // of tenants, cascades, models, APIs
inline constexpr std::size_t kMostVectorBytes = 4'096;        // dimensions of an embedding

// Whose examples a file holds, together with the tenant.
struct ExampleCourse {
    std::string cascade;
    std::string reference;  // "provider/model"
    friend bool operator==(const ExampleCourse&, const ExampleCourse&) = default;
};

enum class ExampleKeeping : std::uint8_t { none, hashes, content };

// As configured for a cascade: `store:`.
struct ExampleOptions {
    ExampleKeeping keeping = ExampleKeeping::none;
    Micros keep_micros = 30ll * 24 * 3600 * 1'000'000;
    std::uint64_t most = 100'000;  // of a tenant and a reference
    std::vector<std::string> redact{"email", "phone", "card", "iban"};
    int line = 0;  // in the configuration file
};

// The prompt's embedding, as 8-bit codes of a scale (embed/int8_vector.h).
struct ExampleVector {
    std::uint64_t model = 0;  // embed::identity_digest() of whose; 0: there is none
    float scale = 0;
    std::string codes;  // a byte for each dimension
    friend bool operator==(const ExampleVector&, const ExampleVector&) = default;
};

struct Example {
    Micros unix_micros = 0;  // when the request came
    RequestId request = 0;
    std::uint64_t task = 0;
    std::string model;  // who gave the answer: "provider/model"
    std::string api;    // "openai.chat", or what a dialect is called
    // Digests of the texts as they are kept (after redaction); 0: there is none.
    std::uint64_t system = 0, response_format = 0;
    std::uint64_t prompt_digest = 0, answer_digest = 0;
    std::uint32_t prompt_bytes = 0, answer_bytes = 0;
    bool json = false;        // the answer is a JSON object or array
    bool repeat = false;      // the same prompt was asked before
    bool may_distil = false;  // the provider allowed it at that time
    bool content = false;     // the texts are kept; else their digests alone
    std::string prompt, answer;
    ExampleVector vector;  // with content, where nothing was taken out of the prompt
    // Shared by all that have the same; null: not kept, or none.
    std::shared_ptr<const std::string> system_text, response_format_text;
};

// The records of a file. The header comes first, and again when what is configured changes.
struct ExampleHeader {
    std::string tenant;
    ExampleCourse course;
    Micros keep_micros = 0;  // older ones go
    std::uint64_t most = 0;  // beyond that the oldest go
    friend bool operator==(const ExampleHeader&, const ExampleHeader&) = default;
};
struct ExampleText {
    std::uint64_t digest = 0;
    std::string text;
};
using ExampleRecord = std::variant<ExampleHeader, ExampleText, Example>;

std::string write_record(const ExampleHeader& header);
std::string write_record(const ExampleText& text);
std::string write_record(const Example& example);
// Nothing: not sound.
std::optional<ExampleRecord> read_record(std::string_view record);

// Tells texts of one tenant apart; never 0.
std::uint64_t example_digest(std::string_view tenant, std::string_view text);
// Whether the whole of the text is one JSON object or array.
bool is_json_answer(std::string_view text);

}  // namespace weir::store
