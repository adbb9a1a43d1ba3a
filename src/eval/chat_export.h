// Training examples of one task as rows of chat JSONL, for trainers outside (docs/export.md): what may be learned from
// alone, each prompt once, split by time.
// Of a prompt that was asked several times the answer said most often is taken, of equally many the latest. A prompt
// belongs to the time when it was first asked: the earliest ones are for training, then those for validation, the
// latest are the test. So no prompt is in two files, and the test is the future. Thread rule: pure functions. Limits:
// those of the examples.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/example.h"

namespace weir::eval {

// Which messages a trainer learns to say, as it is told: nobody says it (`none`: trainers that go by roles), "weight":
// 1 at the assistant's (OpenAI), "train": true or false at every one (axolotl).
enum class ExportMask : std::uint8_t { weight, train, none };

inline constexpr std::array<std::string_view, 3> kExportSplits{"train", "valid", "test"};

struct ChatExportOptions {
    ExportMask mask = ExportMask::weight;
    std::array<std::uint32_t, 3> parts{80, 10, 10};  // of the prompts, not all 0
};

struct ChatExport {
    struct Part {
        std::vector<std::string> rows;        // one line of JSON each, without its end
        std::vector<std::string> provenance;  // of each row, in order: request, time, model, API, digests
        Micros first_unix_micros = 0, last_unix_micros = 0;
    };
    std::array<Part, 3> parts;
    std::uint64_t read = 0;
    std::uint64_t hashes_only = 0;                          // no texts were kept
    std::uint64_t not_allowed = 0;                          // the provider did not allow it at that time
    std::uint64_t texts_missing = 0;                        // the system text is lost
    std::uint64_t duplicates = 0;                           // the same prompt again
    std::uint64_t contradicted = 0;                         // prompts that had more than one answer
    std::map<std::string, std::uint64_t> models;            // rows by who gave the answer
    std::map<std::string, std::uint64_t> response_formats;  // rows by raw JSON; "": none
    std::map<std::uint64_t, std::uint64_t> systems;         // rows by the system text's digest

    std::uint64_t rows() const { return parts[0].rows.size() + parts[1].rows.size() + parts[2].rows.size(); }
};

ChatExport export_chat(std::vector<store::Example> examples, const ChatExportOptions& options);

}  // namespace weir::eval
