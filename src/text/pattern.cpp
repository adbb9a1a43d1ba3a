#include "text/pattern.h"

#include <algorithm>
#include <memory>

namespace weir::text {
namespace {

using Bytes = Pattern::Bytes;
using Step = Pattern::Step;

constexpr std::uint32_t kNoLimit = UINT32_MAX;

bool is_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

Bytes range(unsigned first, unsigned last) {
    Bytes bytes;
    for (unsigned byte = first; byte <= last; ++byte) bytes.set(byte);
    return bytes;
}

// \d and its like; nothing for other letters.
std::optional<Bytes> class_of(char letter) {
    Bytes bytes;
    switch (letter) {
        case 'd':
        case 'D':
            bytes = range('0', '9');
            break;
        case 'w':
        case 'W':
            for (unsigned byte = 0; byte < 128; ++byte) bytes.set(byte, is_word(static_cast<char>(byte)));
            break;
        case 's':
        case 'S':
            for (const char c : {' ', '\t', '\n', '\r', '\f', '\v'}) bytes.set(static_cast<unsigned char>(c));
            break;
        default:
            return std::nullopt;
    }
    return letter >= 'a' ? bytes : ~bytes;
}

// The byte that an escaped character stands for; nothing where it must not be escaped.
std::optional<char> escaped(char letter) {
    if (letter == 't') return '\t';
    if (letter == 'n') return '\n';
    if (letter == 'r') return '\r';
    const bool plain = static_cast<unsigned char>(letter) < 128 && !is_word(letter) && letter > ' ';
    return plain ? std::optional(letter) : std::nullopt;
}

struct Node {
    enum class Kind : std::uint8_t { nothing, bytes, sequence, either, repeat, place };
    Kind kind = Kind::nothing;
    std::size_t set = 0;                    // of bytes
    Step::Kind place = Step::Kind::begin;   // of a place
    std::uint32_t least = 0, most = 0;      // of a repeat
    std::vector<std::unique_ptr<Node>> in;  // of sequence, either, repeat
};
using NodePtr = std::unique_ptr<Node>;

NodePtr make(Node::Kind kind) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    return node;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {
        if (!text_.starts_with("(?i)")) return;
        any_case_ = true;
        at_ = 4;
    }

    NodePtr parse() {
        NodePtr node = either();
        if (problem_.empty() && at_ < text_.size()) refuse("a ) too many");
        return node;
    }
    const std::string& problem() const { return problem_; }
    std::vector<Bytes>& sets() { return sets_; }

  private:
    bool more() const { return problem_.empty() && at_ < text_.size(); }
    void refuse(const std::string& what) {
        if (problem_.empty()) problem_ = what + " at byte " + std::to_string(at_ + 1);
    }

    NodePtr bytes(Bytes set) {
        if (any_case_) {
            for (unsigned upper = 'A'; upper <= 'Z'; ++upper) {
                const unsigned lower = upper + 32;
                if (set.test(upper) || set.test(lower)) set.set(upper).set(lower);
            }
        }
        NodePtr node = make(Node::Kind::bytes);
        node->set = sets_.size();
        sets_.push_back(set);
        return node;
    }

    NodePtr either() {
        NodePtr node = make(Node::Kind::either);
        node->in.push_back(sequence());
        while (more() && text_[at_] == '|') {
            ++at_;
            node->in.push_back(sequence());
        }
        return node;
    }

    NodePtr sequence() {
        NodePtr node = make(Node::Kind::sequence);
        while (more() && text_[at_] != '|' && text_[at_] != ')') node->in.push_back(repeated());
        return node;
    }

    NodePtr repeated() {
        NodePtr node = atom();
        while (more()) {
            std::uint32_t least = 0, most = kNoLimit;
            const char sign = text_[at_];
            if (sign == '+') {
                least = 1;
            } else if (sign == '?') {
                most = 1;
            } else if (sign == '{') {
                if (!counts(least, most)) return node;
            } else if (sign != '*') {
                break;
            }
            ++at_;
            if (node->kind == Node::Kind::place || node->kind == Node::Kind::repeat) {
                refuse("nothing to repeat");
                return node;
            }
            NodePtr repeat = make(Node::Kind::repeat);
            repeat->least = least;
            repeat->most = most;
            repeat->in.push_back(std::move(node));
            node = std::move(repeat);
        }
        return node;
    }

    // {m}, {m,}, {m,n}; at the closing brace afterwards.
    bool counts(std::uint32_t& least, std::uint32_t& most) {
        ++at_;
        const auto number = [&](std::uint32_t& to) {
            std::size_t digits = 0;
            to = 0;
            for (; more() && text_[at_] >= '0' && text_[at_] <= '9' && digits < 4; ++at_, ++digits) {
                to = to * 10 + static_cast<std::uint32_t>(text_[at_] - '0');
            }
            return digits > 0;
        };
        bool good = number(least);
        most = least;
        if (good && more() && text_[at_] == ',') {
            ++at_;
            if (more() && text_[at_] == '}') {
                most = kNoLimit;
            } else {
                good = number(most) && most >= least;
            }
        }
        good = good && more() && text_[at_] == '}' && least <= Pattern::kMostRepeats &&
               (most == kNoLimit || (most > 0 && most <= Pattern::kMostRepeats));
        if (!good) refuse("{m}, {m,} or {m,n} with at most " + std::to_string(Pattern::kMostRepeats) + " is expected");
        return good;
    }

    NodePtr atom() {
        const char c = text_[at_];
        switch (c) {
            case '(':
                return group();
            case '[':
                return one_of();
            case '.':
                ++at_;
                return bytes(~range('\n', '\n'));
            case '^':
                return place(Step::Kind::begin);
            case '$':
                return place(Step::Kind::end);
            case '\\':
                return escape();
            case '*':
            case '+':
            case '?':
            case '{':
                refuse("nothing to repeat");
                return make(Node::Kind::nothing);
            default:
                break;
        }
        return character();
    }

    // One character, of all its bytes.
    NodePtr character() {
        NodePtr all = make(Node::Kind::sequence);
        do {
            const auto byte = static_cast<unsigned char>(text_[at_++]);
            all->in.push_back(bytes(range(byte, byte)));
        } while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0U) == 0x80U);
        return all;
    }

    NodePtr place(Step::Kind kind) {
        ++at_;
        NodePtr node = make(Node::Kind::place);
        node->place = kind;
        return node;
    }

    NodePtr group() {
        ++at_;
        if (text_.substr(at_).starts_with("?:")) at_ += 2;
        if (++depth_ > Pattern::kMostNesting) {
            refuse("groups nest too deeply");
            return make(Node::Kind::nothing);
        }
        NodePtr node = either();
        --depth_;
        if (!more()) {
            refuse("a ) is missing");
            return node;
        }
        ++at_;
        return node;
    }

    NodePtr escape() {
        ++at_;
        if (!more()) {
            refuse("a \\ at the end");
            return make(Node::Kind::nothing);
        }
        const char letter = text_[at_];
        if (letter == 'b') return place(Step::Kind::word_border);
        if (letter == 'B') return place(Step::Kind::no_word_border);
        if (const auto set = class_of(letter)) {
            ++at_;
            return bytes(*set);
        }
        const auto byte = escaped(letter);
        if (!byte) {
            refuse("an escape that is not known");
            return make(Node::Kind::nothing);
        }
        ++at_;
        return bytes(range(static_cast<unsigned char>(*byte), static_cast<unsigned char>(*byte)));
    }

    // A byte within [...]: itself, or escaped.
    std::optional<unsigned char> member() {
        char c = text_[at_];
        if (c == '\\') {
            ++at_;
            const auto byte = more() ? escaped(text_[at_]) : std::nullopt;
            if (!byte) {
                refuse("an escape that is not known");
                return std::nullopt;
            }
            c = *byte;
        }
        if (static_cast<unsigned char>(c) >= 128) {
            refuse("a character beyond ASCII within [...]");
            return std::nullopt;
        }
        ++at_;
        return static_cast<unsigned char>(c);
    }

    NodePtr one_of() {
        ++at_;
        const bool others = more() && text_[at_] == '^';
        if (others) ++at_;
        Bytes set;
        for (bool first = true; more() && (first || text_[at_] != ']'); first = false) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                if (const auto known = class_of(text_[at_ + 1])) {
                    set |= *known;
                    at_ += 2;
                    continue;
                }
            }
            const auto from = member();
            if (!from) break;
            auto to = from;
            if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
                ++at_;
                to = member();
                if (to && *to < *from) refuse("a range that goes backwards");
            }
            if (!to || !problem_.empty()) break;
            set |= range(*from, *to);
        }
        if (!more()) {
            refuse("a ] is missing");
            return make(Node::Kind::nothing);
        }
        ++at_;
        return bytes(others ? ~set : set);
    }

    std::string_view text_;
    std::size_t at_ = 0, depth_ = 0;
    bool any_case_ = false;
    std::vector<Bytes> sets_;
    std::string problem_;
};

// Turns the tree into steps; beyond kMostSteps it stops, and the program is refused.
class Emitter {
  public:
    std::vector<Step> steps;

    void emit(const Node& node) {
        if (steps.size() > Pattern::kMostSteps) return;
        switch (node.kind) {
            case Node::Kind::nothing:
                break;
            case Node::Kind::bytes:
                steps.push_back({Step::Kind::bytes, static_cast<std::uint32_t>(node.set), 0});
                break;
            case Node::Kind::place:
                steps.push_back({node.place, 0, 0});
                break;
            case Node::Kind::sequence:
                for (const NodePtr& part : node.in) emit(*part);
                break;
            case Node::Kind::either:
                either(node);
                break;
            case Node::Kind::repeat:
                repeat(node);
                break;
        }
    }

  private:
    std::uint32_t here() const { return static_cast<std::uint32_t>(steps.size()); }

    void either(const Node& node) {
        std::vector<std::size_t> jumps;
        for (std::size_t i = 0; i < node.in.size(); ++i) {
            const bool last = i + 1 == node.in.size();
            const std::size_t split = steps.size();
            if (!last) steps.push_back({Step::Kind::split, here() + 1, 0});
            emit(*node.in[i]);
            if (last) break;
            jumps.push_back(steps.size());
            steps.push_back({Step::Kind::jump, 0, 0});
            steps[split].second = here();
        }
        for (const std::size_t jump : jumps) steps[jump].first = here();
    }

    void repeat(const Node& node) {
        for (std::uint32_t i = 0; i < node.least; ++i) emit(*node.in.front());
        if (node.most == kNoLimit) {
            const std::uint32_t split = here();
            steps.push_back({Step::Kind::split, split + 1, 0});
            emit(*node.in.front());
            steps.push_back({Step::Kind::jump, split, 0});
            steps[split].second = here();
            return;
        }
        std::vector<std::size_t> splits;
        for (std::uint32_t i = node.least; i < node.most; ++i) {
            splits.push_back(steps.size());
            steps.push_back({Step::Kind::split, here() + 1, 0});
            emit(*node.in.front());
            if (steps.size() > Pattern::kMostSteps) break;
        }
        for (const std::size_t split : splits) steps[split].second = here();
    }
};

bool holds(Step::Kind kind, std::string_view text, std::size_t at) {
    if (kind == Step::Kind::begin) return at == 0;
    if (kind == Step::Kind::end) return at == text.size();
    const bool before = at > 0 && is_word(text[at - 1]), behind = at < text.size() && is_word(text[at]);
    return (before != behind) == (kind == Step::Kind::word_border);
}

// Threads of the automaton at one place of the text: for each step the earliest beginning of a match that is there.
struct Threads {
    struct Thread {
        std::uint32_t step;
        std::size_t begin;
    };
    std::vector<Thread> list;
    std::vector<bool> has;
    std::vector<std::uint32_t> stack;

    explicit Threads(std::size_t steps) : has(steps) {}
    void clear() {
        for (const Thread& thread : list) has[thread.step] = false;
        list.clear();
    }
    // Follows everything that takes no byte. Earlier beginnings are added first, and win.
    void add(const std::vector<Step>& steps, std::uint32_t first, std::size_t begin, std::string_view text,
             std::size_t at) {
        stack.assign(1, first);
        while (!stack.empty()) {
            const std::uint32_t number = stack.back();
            stack.pop_back();
            if (has[number]) continue;
            has[number] = true;
            list.push_back({number, begin});
            const Step& step = steps[number];
            if (step.kind == Step::Kind::jump) {
                stack.push_back(step.first);
            } else if (step.kind == Step::Kind::split) {
                stack.push_back(step.second);
                stack.push_back(step.first);
            } else if (step.kind != Step::Kind::bytes && step.kind != Step::Kind::match && holds(step.kind, text, at)) {
                stack.push_back(number + 1);
            }
        }
    }
};

// What a match may begin with, whatever stands around it; `empty`: it may be empty.
Bytes first_bytes(const std::vector<Step>& steps, const std::vector<Bytes>& sets, bool& empty) {
    Bytes first;
    std::vector<bool> seen(steps.size());
    std::vector<std::uint32_t> stack{0};
    empty = false;
    while (!stack.empty()) {
        const std::uint32_t number = stack.back();
        stack.pop_back();
        if (seen[number]) continue;
        seen[number] = true;
        const Step& step = steps[number];
        if (step.kind == Step::Kind::bytes) {
            first |= sets[step.first];
        } else if (step.kind == Step::Kind::match) {
            empty = true;
        } else if (step.kind == Step::Kind::jump) {
            stack.push_back(step.first);
        } else if (step.kind == Step::Kind::split) {
            stack.push_back(step.first);
            stack.push_back(step.second);
        } else {
            stack.push_back(number + 1);
        }
    }
    return first;
}

}  // namespace

Result<Pattern> Pattern::compile(std::string_view expression) {
    if (expression.empty()) return fail(ErrorCode::invalid, "an empty expression");
    if (expression.size() > kMostPatternBytes) {
        return fail(ErrorCode::invalid, "an expression of more than " + std::to_string(kMostPatternBytes) + " bytes");
    }
    Parser parser(expression);
    const NodePtr tree = parser.parse();
    if (!parser.problem().empty()) return fail(ErrorCode::invalid, parser.problem());
    Emitter emitter;
    emitter.emit(*tree);
    emitter.steps.push_back({Step::Kind::match, 0, 0});
    if (emitter.steps.size() > kMostSteps) {
        return fail(ErrorCode::invalid, "its repeats multiply to more than " + std::to_string(kMostSteps) + " steps");
    }
    Pattern made;
    made.steps_ = std::move(emitter.steps);
    made.sets_ = std::move(parser.sets());
    bool empty = false;
    made.starts_ = first_bytes(made.steps_, made.sets_, empty);
    if (empty) return fail(ErrorCode::invalid, "it matches the empty text");
    return made;
}

std::optional<Pattern::Match> Pattern::find(std::string_view text, std::size_t from) const {
    Threads now(steps_.size()), next(steps_.size());
    std::optional<Match> best;
    for (std::size_t at = from; at <= text.size(); ++at) {
        const bool may_start = !best && at < text.size() && starts_.test(static_cast<unsigned char>(text[at]));
        if (may_start) now.add(steps_, 0, at, text, at);
        if (now.list.empty()) {
            if (best) break;
            continue;
        }
        next.clear();
        for (const Threads::Thread& thread : now.list) {
            const Step& step = steps_[thread.step];
            if (best && thread.begin > best->begin) continue;
            if (step.kind == Step::Kind::match) {
                if (!best || thread.begin < best->begin || at > best->end) best = Match{thread.begin, at};
            } else if (step.kind == Step::Kind::bytes && at < text.size() &&
                       sets_[step.first].test(static_cast<unsigned char>(text[at]))) {
                next.add(steps_, thread.step + 1, thread.begin, text, at + 1);
            }
        }
        now.clear();
        std::swap(now, next);
    }
    return best;
}

}  // namespace weir::text
