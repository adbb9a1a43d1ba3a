#include "store/example_files.h"

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "base/hash.h"

namespace weir::store {
namespace {

using TextPtr = std::shared_ptr<const std::string>;

TextPtr text_of(const std::unordered_map<std::uint64_t, TextPtr>& texts, std::uint64_t digest) {
    const auto found = texts.find(digest);
    return found == texts.end() ? nullptr : found->second;
}

}  // namespace

std::string examples_folder(const std::string& data_folder) {
    return data_folder + "/examples";
}

std::string example_file(const std::string& folder, std::string_view tenant, const ExampleCourse& course) {
    Sha256 hasher;
    for (const std::string_view part : {tenant, std::string_view(course.cascade), std::string_view(course.reference)}) {
        hasher.update_part(part);
    }
    return folder + "/" + to_hex(hasher.finish()).substr(0, 32);
}

RecordLog::Options example_log(const std::string& file) {
    RecordLog::Options options;
    options.file = file;
    options.name = "examples";
    options.most_bytes = UINT64_MAX;  // the store knows itself what has to go (ExampleStore)
    return options;
}

Result<ExampleFile> read_example_file(const std::string& file) {
    ExampleFile read;
    bool first = true, headed = false;
    std::unordered_map<std::uint64_t, TextPtr> texts;
    const auto visit = [&](std::string_view record) {
        std::optional<ExampleRecord> got = read_record(record);
        ExampleHeader* const header = got ? std::get_if<ExampleHeader>(&*got) : nullptr;
        if (std::exchange(first, false)) headed = header != nullptr;
        if (!got || !headed) return;
        if (header != nullptr) {
            read.header = std::move(*header);
        } else if (auto* const text = std::get_if<ExampleText>(&*got)) {
            texts[text->digest] = std::make_shared<const std::string>(std::move(text->text));
        } else {
            Example& example = std::get<Example>(*got);
            example.system_text = text_of(texts, example.system);
            example.response_format_text = text_of(texts, example.response_format);
            read.examples.push_back(std::move(example));
        }
    };
    const Result<void> all = RecordLog::read(example_log(file), visit);
    if (!all) return tl::unexpected(all.error());
    if (!headed) return fail(ErrorCode::invalid, file + " does not say whose examples it holds");
    return read;
}

Result<std::vector<Example>> read_examples(const std::string& folder, std::string_view tenant,
                                           const ExampleCourse& course, std::uint64_t task) {
    const std::string file = example_file(folder, tenant, course);
    Result<ExampleFile> read = read_example_file(file);
    if (!read && read.error().code == ErrorCode::not_found) return std::vector<Example>();
    if (!read) return tl::unexpected(read.error());
    if (read->header.tenant != tenant || !(read->header.course == course)) {
        return fail(ErrorCode::internal, file + " holds examples of somebody else");
    }
    if (task != 0) {
        std::erase_if(read->examples, [task](const Example& example) { return example.task != task; });
    }
    return std::move(read->examples);
}

void for_each_example_file(const std::string& folder,
                           const std::function<void(const std::string& file, ExampleFile& read)>& visit) {
    constexpr std::size_t kNameDigits = 32;
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().filename().string().size() == kNameDigits) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    files.resize(std::min(files.size(), kMostExampleFiles));
    for (const std::string& file : files) {
        Result<ExampleFile> read = read_example_file(file);
        if (read && file == example_file(folder, read->header.tenant, read->header.course)) visit(file, *read);
    }
}

}  // namespace weir::store
