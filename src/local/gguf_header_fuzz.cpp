// Any bytes as a GGUF file: an error, or a header whose tensors all lie within the file. And as an adapter of itself
// and of a sound model, as a model trained from either: an error, or facts.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "local/gguf_testing.h"
#include "local/trained_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::local;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    // Only the first half is at hand: never more than is there is believed.
    (void)parse_gguf_header(bytes.substr(0, size / 2), size);
    const auto header = parse_gguf_header(bytes, size);
    if (!header) return 0;
    for (const auto& [name, tensor] : header->tensors) {
        if (name.empty() || tensor.size.empty()) std::abort();
        if (header->data_begin + tensor.offset + tensor.bytes > size) std::abort();
    }
    static const GgufHeader kBase = [] {
        const std::string base = testing::base_model().bytes();
        return *parse_gguf_header(base, base.size());
    }();
    for (const GgufHeader* const base : {&kBase, &*header}) {
        const auto facts = check_trained(*header, *base);
        if (facts && facts->kind == TrainedKind::lora && facts->rank_least == 0) std::abort();
    }
    if (marks_of(*header) != marks_of(*header)) std::abort();
    return 0;
}
