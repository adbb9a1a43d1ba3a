// What `weir export` writes beside its rows and `weir import-adapter` reads again: of which task they are, and for
// which model (docs/export.md). Thread rule: plain values; reading blocks on disk. Limits: 1 MiB, 1,000 cascades.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "local/trained_file.h"

namespace weir::cli {

// The part of a manifest that an import goes by.
struct ExportManifest {
    std::string task;  // 16 hexadecimal digits
    std::string name;  // in reports; empty: none
    std::string tenant;
    std::vector<std::string> cascades;
    std::optional<local::ModelMarks> base;  // `--base`: of the model that is to be trained
};

// The member `base` of a manifest: an object, or null.
std::string base_json(const std::optional<local::ModelMarks>& base, const std::string& file);

// Errors with the file's name: io, too_large, invalid.
Result<ExportManifest> read_export_manifest(const std::string& file);

}  // namespace weir::cli
