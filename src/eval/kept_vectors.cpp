#include "eval/kept_vectors.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "embed/embedder.h"

namespace weir::eval {

KeptVectors::Name KeptVectors::name_of(std::string_view text) {
    const Digest256 digest = sha256(text);
    Name name{};
    std::copy_n(digest.begin(), name.size(), name.begin());
    return name;
}

Result<KeptVectors> KeptVectors::open(const std::string& folder, std::string_view identity, std::size_t dimensions) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    KeptVectors kept;
    kept.file_ = folder + "/vectors-" + to_hex(embed::identity_digest(identity)) + ".i8";
    kept.dimensions_ = dimensions;
    const std::size_t record = sizeof(Name) + sizeof(float) + dimensions;
    std::ifstream in(kept.file_, std::ios::binary);
    if (!in) return kept;
    std::vector<char> bytes(record);
    std::size_t records = 0;
    while (records < kMostRecords && in.read(bytes.data(), static_cast<std::streamsize>(record))) {
        ++records;
        Name name{};
        float scale = 0;
        std::memcpy(name.data(), bytes.data(), sizeof name);
        std::memcpy(&scale, bytes.data() + sizeof name, sizeof scale);
        const auto* codes = reinterpret_cast<const std::int8_t*>(bytes.data() + sizeof name + sizeof scale);
        if (!std::isfinite(scale) || scale <= 0) continue;
        kept.vectors_.insert_or_assign(name, embed::Int8Vector(std::span(codes, dimensions), scale));
    }
    // A record that a crash cut off would shift all that follow.
    in.close();
    const auto size = std::filesystem::file_size(kept.file_, problem);
    if (!problem && size % record != 0) std::filesystem::resize_file(kept.file_, size - size % record, problem);
    if (problem) return fail(ErrorCode::io, kept.file_ + ": " + problem.message());
    return kept;
}

const embed::Int8Vector* KeptVectors::find(std::string_view text) const {
    const auto found = vectors_.find(name_of(text));
    return found == vectors_.end() ? nullptr : &found->second;
}

void KeptVectors::keep(std::string_view text, embed::Int8Vector vector) {
    if (vector.empty() || vector.dimensions() != dimensions_) return;
    const Name name = name_of(text);
    vectors_.insert_or_assign(name, std::move(vector));
    new_.push_back(name);
}

Result<void> KeptVectors::save() {
    std::ofstream out(file_, std::ios::binary | std::ios::app);
    for (const Name& name : new_) {
        const embed::Int8Vector& vector = vectors_.at(name);
        const float scale = vector.scale();
        out.write(reinterpret_cast<const char*>(name.data()), sizeof name);
        out.write(reinterpret_cast<const char*>(&scale), sizeof scale);
        out.write(reinterpret_cast<const char*>(vector.codes().data()), static_cast<std::streamsize>(dimensions_));
    }
    out.close();
    if (!out) return fail(ErrorCode::io, file_ + ": " + std::strerror(errno));
    new_.clear();
    return {};
}

}  // namespace weir::eval
