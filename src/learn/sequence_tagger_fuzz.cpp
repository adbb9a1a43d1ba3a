// Any bytes as a tagger: refused, or one that tags without going outside of anything.
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "learn/sequence_tagger.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::learn;
    ModelReader from({reinterpret_cast<const char*>(data), size});
    const auto model = SequenceTagger::read(from);
    if (!model) return 0;
    TokenFeatures tokens;
    for (std::size_t i = 0; i + 4 <= size && tokens.tokens() < 32; i += 4) {
        std::uint32_t hash = 0;
        std::memcpy(&hash, data + i, sizeof hash);
        tokens.hashes.push_back(hash);
        tokens.end_token();
    }
    SequenceTagger::Scratch scratch;
    SequenceTagger::Tagging tagging;
    if (!model->tag(tokens, scratch, tagging)) return 0;
    if (tagging.labels.size() != tokens.tokens() || !(tagging.log_probability <= 0)) std::abort();
    std::size_t before = model->labels();
    for (const std::uint8_t label : tagging.labels) {
        if (label >= model->labels() || !model->chain().may_follow(before, label)) std::abort();
        before = label;
    }
    return 0;
}
