#include "tiers/exact_cache/purges.h"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_set>

#include "base/log.h"
#include "tiers/exact_cache/purge_file.h"

namespace weir::tiers {
namespace {

constexpr unsigned kKinds = 6;
constexpr unsigned kKeepKind = kKinds;  // a source's lines that keep a version have a table entry of their own
constexpr unsigned kForOneTenant = 8;   // shift in kinds_

std::size_t max_value_bytes(MarkKind kind) {
    switch (kind) {
        case MarkKind::key:
            return 64;
        case MarkKind::task:
            return 16;
        case MarkKind::tenant:
            return kMaxTenantBytes;
        case MarkKind::tag:
            return kMaxTagBytes;
        case MarkKind::source:
            return kMaxSourceBytes;
        case MarkKind::writer:
            return kMaxWriterBytes;
    }
    return 0;
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    std::uint64_t value = (a ^ 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9 + b;
    value = (value ^ value >> 29) * 0x94d049bb133111eb;
    return value ^ value >> 32;
}

std::uint64_t hash_of(std::string_view text) {
    return std::hash<std::string_view>()(text);
}

// Two marks with the same fingerprint act as one, which makes a purge reach too far at worst.
std::uint64_t fingerprint(unsigned kind, std::string_view tenant, std::string_view value) {
    return mixed(mixed(kind, hash_of(tenant)), hash_of(value));
}

// What is the same for marks that say the same.
std::string identity_of(const Mark& mark) {
    std::string identity(1, static_cast<char>(mark.kind));
    for (const std::string* text : {&mark.tenant, &mark.value, &mark.keep}) {
        identity += static_cast<char>(text->size());
        identity += *text;
    }
    return identity;
}

Result<void> check_hex(const Mark& mark, std::size_t digits) {
    const bool good =
        mark.value.size() == digits && mark.value.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (good) return {};
    return fail(ErrorCode::invalid, "a " + std::string(to_string(mark.kind)) + " is " + std::to_string(digits) +
                                        " hexadecimal digits in lower case");
}

Result<void> check(const Mark& mark) {
    const std::string kind(to_string(mark.kind));
    if (mark.value.empty()) return fail(ErrorCode::invalid, kind + " is empty");
    if (mark.value.size() > max_value_bytes(mark.kind)) {
        return fail(ErrorCode::invalid,
                    "a " + kind + " has at most " + std::to_string(max_value_bytes(mark.kind)) + " bytes");
    }
    if (mark.tenant.size() > kMaxTenantBytes) return fail(ErrorCode::invalid, "a tenant has at most 64 bytes");
    if (mark.kind == MarkKind::key) return check_hex(mark, 64);
    if (mark.kind == MarkKind::task) return check_hex(mark, 16);
    if (mark.kind == MarkKind::tenant && !mark.tenant.empty() && mark.tenant != mark.value) {
        return fail(ErrorCode::invalid, "the purge of one tenant is limited to another");
    }
    if (mark.keep.empty()) return {};
    if (mark.kind != MarkKind::source) return fail(ErrorCode::invalid, "only a source has a version to keep");
    if (mark.value.find('@') != std::string::npos) {
        return fail(ErrorCode::invalid, "a source to keep a version of is named without one: \"doc\", not \"doc@v3\"");
    }
    if (mark.keep.size() > kMaxSourceBytes) return fail(ErrorCode::invalid, "a version has at most 128 bytes");
    return {};
}

}  // namespace

std::string_view to_string(MarkKind kind) {
    constexpr std::array<std::string_view, kKinds> kNames{"key", "task", "tenant", "tag", "source", "writer"};
    return kNames[static_cast<std::size_t>(kind)];
}

void Purges::Table::enter(const PurgeLine& line) {
    const Mark& mark = line.mark;
    const bool keeps = !mark.keep.empty();
    const unsigned kind = keeps ? kKeepKind : static_cast<unsigned>(mark.kind);
    const std::uint64_t kept = keeps ? hash_of(mark.keep) : 0;
    kinds |= 1u << (mark.tenant.empty() ? kind : kind + kForOneTenant);
    if (mark.kind == MarkKind::tenant) newest_of_tenants = std::max(newest_of_tenants, line.unix_micros);
    Limit& limit = limits[fingerprint(kind, mark.tenant, mark.value)];
    if (limit.time == INT64_MIN || kept == limit.kept) {
        limit.kept = kept;
        limit.time = std::max(limit.time, line.unix_micros);
    } else if (line.unix_micros > limit.time) {
        limit.others = limit.time;  // no line that keeps another version than the new one is later
        limit.time = line.unix_micros;
        limit.kept = kept;
    } else {
        limit.others = std::max(limit.others, line.unix_micros);
    }
}

const Purges::Table::Limit* Purges::Table::find(unsigned kind, bool for_one, std::string_view tenant,
                                                std::string_view value) const {
    if ((kinds >> (for_one ? kind + kForOneTenant : kind) & 1u) == 0) return nullptr;
    const auto found = limits.find(fingerprint(kind, for_one ? tenant : std::string_view(), value));
    return found == limits.end() ? nullptr : &found->second;
}

bool Purges::Table::reaches(unsigned kind, std::string_view tenant, std::string_view value, Micros created) const {
    for (const bool for_one : {false, true}) {
        const Limit* const limit = find(kind, for_one, tenant, value);
        if (limit != nullptr && created <= limit->time) return true;
    }
    return false;
}

bool Purges::Table::source_is_void(std::string_view tenant, std::string_view source, Micros created) const {
    constexpr auto kSource = static_cast<unsigned>(MarkKind::source);
    const SourceParts parts = split_source(source);
    if (reaches(kSource, tenant, source, created) || reaches(kSource, tenant, parts.name, created)) return true;
    for (const bool for_one : {false, true}) {
        const Limit* const limit = find(kKeepKind, for_one, tenant, parts.name);
        if (limit == nullptr) continue;
        // No version named: it may be any.
        const bool kept = !parts.version.empty() && hash_of(parts.version) == limit->kept;
        if (created <= (kept ? limit->others : limit->time)) return true;
    }
    return false;
}

bool Purges::Table::voids(const Digest256& key, const CacheEntry& entry) const {
    const Micros created = entry.created_unix_micros;
    const Provenance& from = entry.provenance;
    if (created <= everything_until) return true;
    const auto any = [this](MarkKind kind) { return (kinds & 0x101u << static_cast<unsigned>(kind)) != 0; };
    const auto has = [&](MarkKind kind, std::string_view value) {
        return reaches(static_cast<unsigned>(kind), from.tenant, value, created);
    };
    if (any(MarkKind::key) && has(MarkKind::key, to_hex(key))) return true;
    if (any(MarkKind::task) && has(MarkKind::task, to_hex(from.task))) return true;
    if (from.tenant.empty() && created <= newest_of_tenants) return true;
    if (has(MarkKind::tenant, from.tenant) || has(MarkKind::writer, from.writer)) return true;
    for (const std::string& tag : from.tags) {
        if (has(MarkKind::tag, tag)) return true;
    }
    for (const std::string& source : from.sources) {
        if (source_is_void(from.tenant, source, created)) return true;
    }
    return false;
}

Purges::Purges(const Options& options, const Clock& clock) : options_(options), clock_(clock) {}
Purges::~Purges() = default;

Result<std::unique_ptr<Purges>> Purges::open(const Options& options, const Clock& clock) {
    std::unique_ptr<Purges> purges(new Purges(options, clock));
    if (!options.file.empty()) {
        purges->file_ = std::make_unique<PurgeFile>(options.file);
        if (auto read = purges->read_file(); !read) return tl::unexpected(read.error());
    }
    return purges;
}

Result<void> Purges::read_file() {
    const Result<std::string> bytes = file_->read();
    if (!bytes) return tl::unexpected(bytes.error());
    Result<ReadPurges> read = decode_purges(*bytes);
    if (!read) return fail(read.error().code, options_.file + ": " + read.error().message);
    table_.everything_until = read->list.everything_until;
    if (read->damaged) {
        table_.everything_until = std::max(table_.everything_until, clock_.unix_micros());
        log_warning("the purge list is damaged: every answer cached until now counts as purged");
    }
    lines_ = std::move(read->list.lines);
    Micros newest = table_.everything_until;
    for (const PurgeLine& line : lines_) {
        table_.enter(line);
        newest = std::max(newest, line.unix_micros);
    }
    newest_ = newest;
    if (lines_.size() > options_.max_marks) make_room();
    return file_->replace(whole_file());
}

std::string Purges::whole_file() const {
    return encode_purges({lines_, table_.everything_until});
}

Result<Micros> Purges::add(const Mark& mark) {
    if (auto good = check(mark); !good) return tl::unexpected(good.error());
    const std::scoped_lock adding(add_mutex_);
    const PurgeLine line{mark, std::max(clock_.unix_micros(), newest_.load())};
    lines_.push_back(line);
    {
        const std::unique_lock lock(table_mutex_);
        table_.enter(line);
    }
    newest_.store(line.unix_micros, std::memory_order_release);  // after the line can be found
    if (lines_.size() > options_.max_marks) make_room();
    if (file_ == nullptr) return line.unix_micros;
    std::string bytes;
    append_purge(line, bytes);
    Result<void> written = rewrite_ ? file_->replace(whole_file()) : file_->append(bytes);
    rewrite_ = !written;
    if (!written) return tl::unexpected(written.error());
    return line.unix_micros;
}

// Of repeated marks only the latest counts. If that does not do, the oldest become one purge of everything. An eighth
// is freed, so that this is rare.
void Purges::make_room() {
    std::unordered_set<std::string> seen;
    std::vector<PurgeLine> left;
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
        if (seen.insert(identity_of(line->mark)).second) left.push_back(std::move(*line));
    }
    std::reverse(left.begin(), left.end());
    const std::size_t wanted = options_.max_marks - options_.max_marks / 8;
    Table table;
    table.everything_until = table_.everything_until;
    if (left.size() > wanted) {
        table.everything_until = std::max(table.everything_until, left[left.size() - wanted - 1].unix_micros);
    }
    std::erase_if(left, [&](const PurgeLine& line) { return line.unix_micros <= table.everything_until; });
    for (const PurgeLine& line : left) table.enter(line);
    lines_ = std::move(left);
    rewrite_ = true;
    const std::unique_lock lock(table_mutex_);
    std::swap(table_, table);
}

bool Purges::voids(const Digest256& key, const CacheEntry& entry) const {
    if (entry.created_unix_micros > newest_.load(std::memory_order_acquire)) return false;
    const std::shared_lock lock(table_mutex_);
    return table_.voids(key, entry);
}

std::size_t Purges::marks() const {
    const std::scoped_lock lock(add_mutex_);
    return lines_.size();
}

Micros Purges::everything_until() const {
    const std::shared_lock lock(table_mutex_);
    return table_.everything_until;
}

}  // namespace weir::tiers
