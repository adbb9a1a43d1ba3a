// The embedder that is always there: words, pairs of neighbouring words and pieces of words, each hashed to a place and
// a sign ("Feature Hashing for Large Scale Multitask Learning", Weinberger et al., 2009), with sublinear counts. Knows
// spelling, not meaning: it finds candidates, it doesn't judge.
// Thread rule: any thread. Limits: text::split_words' (8,192 bytes looked at, 2,048 words); 50 us for 30 words
// (embed_bench).
#pragma once

#include <string>
#include <string_view>

#include "embed/embedder.h"
#include "text/words.h"

namespace weir::embed {

struct HashingOptions {
    std::size_t dimensions = 256;  // a power of two, 64 to 4,096
    // Beside the stems of content words, which count 1:
    float function_word = 0.2F;
    float pair = 0.3F;   // two words one after the other
    float piece = 0.3F;  // four bytes of a word in a row, its beginning and end marked
};

class HashingEmbedder final : public Embedder {
  public:
    explicit HashingEmbedder(const HashingOptions& options = {});

    const std::string& identity() const override { return identity_; }
    std::size_t dimensions() const override { return options_.dimensions; }
    using Embedder::embed;
    Task<Result<Vector>> embed(std::string_view text, std::string_view head_lines) override;

    // The same without a task. Zeros where there are no words.
    Vector embed_now(const text::Words& words) const;
    Vector embed_now(std::string_view text) const { return embed_now(text::split_words(text)); }

  private:
    HashingOptions options_;
    std::string identity_;
};

}  // namespace weir::embed
