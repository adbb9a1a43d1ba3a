// Whether what an external trainer made fits the model that it is to answer for: a LoRA adapter (as llama.cpp's
// convert_lora_to_gguf.py writes it) its base model, a full model the one that it was trained from. What is checked is
// what llama-server would refuse when it starts, and what it would not notice: another vocabulary or chat template,
// with which it answers, but badly.
// Thread rule: pure, but for check_adapter_file(), which blocks on disk. Limits: those of gguf_header.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "local/gguf_header.h"

namespace weir::local {

enum class TrainedKind : std::uint8_t { lora, model };

struct TrainedFile {
    TrainedKind kind = TrainedKind::model;
    std::string architecture;
    std::string name;       // what it calls itself; empty: nothing
    std::string base_name;  // what it says it was made from; empty: nothing
    std::uint64_t tensors = 0;
    std::uint64_t rank_least = 0, rank_most = 0;  // of a LoRA
    double alpha = 0;                             // of a LoRA; 0: none, its scale is 1
    std::vector<std::string> notes;               // what is odd and no reason to refuse it
};

// Error invalid: what doesn't fit.
Result<TrainedFile> check_trained(const GgufHeader& trained, const GgufHeader& base);

// What `adapter_file:` of a provider has to be, a LoRA that fits `model_file`; and where a record of its import lies
// beside it (record_file_of), the very bytes that were imported. Errors with the file's name.
Result<void> check_adapter_file(const std::string& model_file, const std::string& adapter_file);
// "FILE.json": one object with `bytes` and `sha256`.
std::string record_file_of(const std::string& file);

// By what a model is known again: hexadecimal SHA-256 of each.
struct ModelMarks {
    std::string architecture;
    std::string chat_template;  // empty: it has none
    std::string tokenizer;      // kind, pre-tokenizer, tokens and merges
    std::string shapes;         // names and shapes of all tensors: not how they are quantised
    friend bool operator==(const ModelMarks&, const ModelMarks&) = default;
};
ModelMarks marks_of(const GgufHeader& model);

}  // namespace weir::local
