// Dense vectors for the texts of an evaluation: from a folder of vectors made elsewhere, from MiniLM in a supervised
// llama-server, or none.
// Thread rule: blocks its thread; starts and stops a child. Limits: those of embed/.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eval/text_vectors.h"

namespace weir::eval {

struct EmbeddingChoice {
    enum class Kind : std::uint8_t {
        automatic,  // MiniLM where its model and llama-server are there, else hashing alone, said on `err`
        hashing,    // no dense vectors
        minilm,     // an error where it is not there
    };
    Kind kind = Kind::automatic;
    std::string vectors_folder;  // goes before kind; empty: not given. See TextVectors::read_folder
};

using EmbedProgress = std::function<bool(std::string_view, std::size_t, std::size_t)>;

Result<TextVectors> embed_texts(const std::vector<std::string_view>& texts, const EmbeddingChoice& choice,
                                const EmbedProgress& progress, std::ostream& err);

}  // namespace weir::eval
