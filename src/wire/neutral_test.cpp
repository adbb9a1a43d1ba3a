#include "wire/neutral.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "json/scan.h"
#include "wire/chat_request.h"

using namespace weir;
using namespace weir::wire;

namespace {

bool same(std::string_view a, std::string_view b) {
    return neutral_spelling(a) == neutral_spelling(b);
}

ChatRequest parsed(std::string_view body) {
    std::string param;
    Result<ChatRequest> request = parse_chat_request(body, param);
    REQUIRE_MESSAGE(request.has_value(), std::string(body));
    return std::move(*request);
}

Digest256 key(std::string_view body, std::string_view scope = "scope") {
    return canonical_digest(parsed(body), scope, Spelling::neutral);
}

Digest256 partition(std::string_view body, std::string_view scope) {
    return partition_digest(parsed(body), scope);
}

std::string quoted(std::string_view text) {
    std::string out;
    json::write_string(text, out);
    return out;
}

std::string asking(std::string_view text, std::string_view before = "", std::string_view after = "") {
    return R"({"model":"m","messages":[)" + std::string(before) + R"({"role":"user","content":)" + quoted(text) + "}]" +
           std::string(after) + "}";
}

// Words, blanks and marks of all kinds, more often than not near each other.
std::string random_text(std::mt19937& random) {
    static const std::vector<std::string> pieces = {"What",
                                                    "what",
                                                    "WHAT",
                                                    "is",
                                                    "Is",
                                                    "IT",
                                                    "it",
                                                    "how",
                                                    "How",
                                                    "do",
                                                    "Do",
                                                    "I",
                                                    "you",
                                                    "the",
                                                    "US",
                                                    "us",
                                                    "may",
                                                    "May",
                                                    "cat",
                                                    "polish",
                                                    "e.g.",
                                                    "3",
                                                    "3.5",
                                                    "n",
                                                    "tell",
                                                    " ",
                                                    " ",
                                                    " ",
                                                    "  ",
                                                    "   ",
                                                    "\n",
                                                    "\t",
                                                    "?",
                                                    "??",
                                                    "!",
                                                    ".",
                                                    "...",
                                                    "?!",
                                                    ",",
                                                    ":",
                                                    "-",
                                                    "'",
                                                    "\"",
                                                    "`",
                                                    "```",
                                                    "()",
                                                    "[]",
                                                    "{}",
                                                    "C++",
                                                    "caf\xC3\xA9",
                                                    "\xC3\x97",
                                                    "\xE4\xB8\xAD\xE6\x96\x87",
                                                    "\xE3\x80\x80",
                                                    "\xEF\xBC\x9F",
                                                    "spaces",
                                                    "Should",
                                                    "when",
                                                    "will",
                                                    "    "};
    std::string text;
    for (std::size_t n = random() % 9; n-- > 0;) {
        text += pieces[random() % pieces.size()];
        if (random() % 2) text += ' ';
    }
    return text;
}

}  // namespace

TEST_CASE("white space around a text and runs of blanks in prose are neutral") {
    CHECK(same("tell me a joke", "  tell me a joke \n"));
    CHECK(same("tell me a joke", "\n\n tell   me  a joke\r\n"));
    CHECK(same("explain caf\xC3\xA9  culture", "explain caf\xC3\xA9 culture"));
    // Not the missing of a blank, nor blanks of other kinds.
    CHECK_FALSE(same("now here", "nowhere"));
    CHECK_FALSE(same("every day", "everyday"));
    CHECK_FALSE(same("a\tb", "a b"));
    CHECK_FALSE(same("a\nb", "a b"));
    CHECK_FALSE(
        same("a\xC2\xA0"
             "b",
             "a b"));
    CHECK_FALSE(same("\xE4\xB8\xAD\xE3\x80\x80\xE6\x96\x87", "\xE4\xB8\xAD \xE6\x96\x87"));
}

TEST_CASE("blanks in code, in quotations and in several lines count") {
    CHECK_FALSE(same("what does `a  b` do", "what does `a b` do"));
    CHECK_FALSE(same("say \"a  b\"", "say \"a b\""));
    CHECK_FALSE(same("say 'a  b'", "say 'a b'"));
    CHECK_FALSE(
        same("say \xE2\x80\x9C"
             "a  b\xE2\x80\x9D",
             "say \xE2\x80\x9C"
             "a b\xE2\x80\x9D"));
    CHECK_FALSE(same("x  = 1", "x = 1"));
    CHECK_FALSE(same("if x:\n    y", "if x:\n  y"));
    CHECK_FALSE(same("    return x", "return x"));
    CHECK_FALSE(same("\treturn x", "return x"));
    CHECK_FALSE(same("- a\n  - b", "- a\n- b"));
    CHECK_FALSE(same("a  b\nc", "a b\nc"));
    CHECK_FALSE(same("```\nx\n", "```\nx"));       // an open fence
    CHECK_FALSE(same("print(\"a ", "print(\"a"));  // an open string
    CHECK_FALSE(same("for:\n    ", "for:\n    x"));
    CHECK(same("x = [1, 2]\n", "x = [1, 2]"));  // the end of the text alone
    CHECK(same("\xE4\xBD\xA0\xE5\xA5\xBD ", "\xE4\xBD\xA0\xE5\xA5\xBD"));
}

TEST_CASE("the question mark of a question is neutral, that of a statement is not") {
    CHECK(same("What is AI?", "What is AI"));
    CHECK(same("What is AI ?", "What is AI"));
    CHECK(same("What is AI???", "What is AI"));
    CHECK(same("I live in Rome. What should I see?", "I live in Rome. What should I see"));
    CHECK(same("Can you cook?", "Can you cook"));
    CHECK(same("Who is the president?", "Who is the president"));
    CHECK_FALSE(same("You can go?", "You can go"));
    CHECK_FALSE(same("Paris is in France?", "Paris is in France"));
    CHECK_FALSE(same("Do the dishes?", "Do the dishes"));
    CHECK_FALSE(same("Have a nice day?", "Have a nice day"));
    CHECK_FALSE(same("When I was young I lived in Rome?", "When I was young I lived in Rome"));
    CHECK_FALSE(same("Should you need help, call me?", "Should you need help, call me"));
    CHECK_FALSE(same("Will is tall?", "Will is tall"));
    CHECK_FALSE(same("Really?", "Really"));
    CHECK_FALSE(same("What is AI?!", "What is AI"));
    CHECK_FALSE(same("What is AI? Tell me?", "What is AI? Tell me"));
    CHECK_FALSE(same("What is `a?`", "What is `a`"));
    CHECK_FALSE(same("What is a[0]?", "What is a[0]"));  // not prose: left alone
    CHECK_FALSE(same("\xE4\xBB\x80\xE4\xB9\x88\xEF\xBC\x9F", "\xE4\xBB\x80\xE4\xB9\x88"));
}

TEST_CASE("a full stop and an exclamation mark at the end are neutral after a word") {
    CHECK(same("Tell me a joke.", "Tell me a joke"));
    CHECK(same("Tell me a joke!", "Tell me a joke"));
    CHECK(same("Tell me a joke!!", "Tell me a joke"));
    CHECK(same("He is from the US.", "He is from the US"));
    CHECK_FALSE(same("Tell me...", "Tell me"));
    CHECK_FALSE(same("Tell me ..", "Tell me"));
    CHECK_FALSE(same("cd .", "cd"));
    CHECK_FALSE(same("What is 5!", "What is 5"));  // a factorial
    CHECK_FALSE(same("Compute n!", "Compute n"));
    CHECK_FALSE(same("Compute 10!", "Compute 10"));
    CHECK_FALSE(same("Tell me!!!!", "Tell me"));
    CHECK_FALSE(same("?", ""));
    CHECK_FALSE(same(".", "!"));
    CHECK_FALSE(same("a.b", "a b"));
    CHECK_FALSE(same("run it.sh.", "run it.sh"));  // left alone
}

TEST_CASE("only the first letter of a question's first word is neutral in its case") {
    CHECK(same("What is the time", "what is the time"));
    CHECK(same("How do I learn C", "how do I learn C"));
    CHECK(same("Is Paris big?", "is Paris big"));
    for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{
             {"what is IT", "what is it"},
             {"WHO is it", "Who is it"},
             {"who are us", "who are US"},
             {"how to polish silver", "how to Polish silver"},
             {"is May warm", "is may warm"},
             {"what is aids", "what is AIDS"},
             {"what about turkey", "what about Turkey"},
             {"how does Ada work", "how does ADA work"},
             {"how do I learn c", "how do I learn C"},
             {"Polish food", "polish food"},
             {"March on", "march on"},
             {"Tell me", "tell me"},
             {"WHAT is it", "what is it"},
             {"Python code", "python code"},
             {"Will Smith", "will Smith"},
             {"Will Smith sing", "will Smith sing"},
             {"May I", "may I"},
         }) {
        CHECK_MESSAGE(!same(a, b), a);
    }
}

TEST_CASE("code, expressions, numbers and names are never merged") {
    const std::vector<std::string> texts = {
        "Is C fast",
        "Is C++ fast",
        "Is C# fast",
        "what is ()",
        "what is []",
        "what is {}",
        "what is <>",
        "what is f()",
        "what is f",
        "what is a_b",
        "what is a b",
        "what is ab",
        "what is a-b",
        "what is a/b",
        "what is 1.5",
        "what is 15",
        "what is 1,5",
        "what is -1",
        "what is 1",
        "what is $1",
        "what is 1%",
        "what is @x",
        "what is #x",
        "what is x",
        "what is x.",
        "what is !x",
        "what is x==1",
        "what is x=1",
        "what is x 1",
        "what is ~x",
        "what is don't",
        "what is dont",
        "what is re-sign",
        "what is resign",
        "what is x:1",
        "what is x: 1",
        "what is \xE4\xB8\xAD",
        "what is \xE4\xB8\xAD\xE6\x96\x87",
        "what is caf\xC3\xA9",
        "what is cafe",
        "what is 2\xC3\x97"
        "3",
        "what is 2 3",
    };
    std::set<std::string> seen;
    for (const std::string& text : texts) {
        const std::string neutral = neutral_spelling(text);
        if (text == "what is x.") {
            CHECK(neutral == "what is x");
        } else {
            CHECK_MESSAGE(seen.insert(neutral).second, text);
        }
    }
}

TEST_CASE("where spelling is the matter, every spelling counts") {
    CHECK_FALSE(same("How many spaces are in a  b", "How many spaces are in a b"));
    CHECK_FALSE(same("Is the punctuation right: I like dogs.", "Is the punctuation right: I like dogs"));
    CHECK_FALSE(same("Correct the grammar: he go.", "Correct the grammar: he go"));
    CHECK_FALSE(same("How many characters has this?", "How many characters has this"));
    CHECK_FALSE(same("Continue: The cat ", "Continue: The cat"));
    CHECK(is_about_spelling("You fix Typos."));
    CHECK(is_about_spelling(R"([{"role":"user","content":"Repeat what I say.\nOK"}])"));
    CHECK_FALSE(is_about_spelling("You are a friendly assistant. Answer with one label."));
    CHECK_FALSE(is_about_spelling("hashing"));  // whole words only

    const std::string echo = R"({"role":"user","content":"Repeat what I type."},{"role":"assistant","content":"ok"},)";
    CHECK(key(asking("a dog  barks", echo)) != key(asking("a dog barks", echo)));
    const std::string chat = R"({"role":"user","content":"Hello."},{"role":"assistant","content":"Hi."},)";
    CHECK(key(asking("a dog  barks", chat)) == key(asking("a dog barks", chat)));
    CHECK(key(asking("a dog barks", chat)) != key(asking("a dog barks", echo)));
}

TEST_CASE("only the last message counts by its neutral spelling, and only if it is the user's one text") {
    const auto messages = [](std::string_view list) {
        return R"({"model":"m","messages":[)" + std::string(list) + "]}";
    };
    const auto differ = [&](std::string_view a, std::string_view b) { return key(messages(a)) != key(messages(b)); };
    CHECK(differ(R"({"role":"system","content":"x "},{"role":"user","content":"y"})",
                 R"({"role":"system","content":"x"},{"role":"user","content":"y"})"));
    CHECK(differ(R"({"role":"user","content":"x "},{"role":"user","content":"y"})",
                 R"({"role":"user","content":"x"},{"role":"user","content":"y"})"));
    CHECK(differ(R"({"role":"user","content":"y"},{"role":"assistant","content":"x "})",
                 R"({"role":"user","content":"y"},{"role":"assistant","content":"x"})"));
    CHECK(differ(R"({"role":"user","content":"x "},{"role":"tool","content":"y"})",
                 R"({"role":"user","content":"x"},{"role":"tool","content":"y"})"));
    CHECK(differ(R"({"role":"user","name":"x ","content":"y"})", R"({"role":"user","name":"x","content":"y"})"));
    CHECK_FALSE(
        differ(R"({"role":"user","content":[{"type":"text","text":"x "},{"type":"image_url","image_url":{}}]})",
               R"({"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{}}]})"));
    CHECK(differ(R"({"role":"user","content":[{"type":"text","text":"x "},{"type":"text","text":"y"}]})",
                 R"({"role":"user","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]})"));
    CHECK(differ(R"({"role":"user","content":"x"})", R"({"role":"user","content":[{"type":"text","text":"x"}]})"));
    CHECK(differ(R"({"role":"user","content":null})", R"({"role":"user","content":""})"));
    // Escapes in it are read; elsewhere they count.
    CHECK_FALSE(
        differ(R"({"role":"user","content":"caf\u00e9 \/"})", "{\"role\":\"user\",\"content\":\"caf\xC3\xA9 /\"}"));
    CHECK(differ(R"({"role":"user","content":"\ud800"})", "{\"role\":\"user\",\"content\":\"\xEF\xBF\xBD\"}"));
    CHECK(differ(R"({"role":"user","content":"\ud800"})", R"({"role":"user","content":"\ud801"})"));
    // What would look like more JSON stays text.
    CHECK(differ(R"({"role":"user","content":"x\",\"name\":\"y"})", R"({"role":"user","content":"x","name":"y"})"));
    // Without the wish nothing is respelled.
    CHECK(canonical_digest(parsed(asking("x "))) != canonical_digest(parsed(asking("x"))));
}

TEST_CASE("a text over the limit is left as it is") {
    const std::string longest = "x" + std::string(kMaxNeutralBytes - 2, 'y') + " ";
    CHECK(neutral_spelling(longest).size() == kMaxNeutralBytes - 1);
    CHECK(neutral_spelling(longest + " ") == longest + " ");
    CHECK(neutral_spelling(" \n ") == " \n ");
    CHECK(neutral_spelling("") == "");
}

TEST_CASE("a property: the neutral spelling of a neutral spelling is itself, and says nothing that the text did not") {
    std::mt19937 random(7);
    const auto letters = [](std::string_view text) {  // without blanks, marks at the end and the first letter's case
        std::string kept;
        for (const char c : text) {
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') kept += c;
        }
        while (!kept.empty() && (kept.back() == '?' || kept.back() == '!' || kept.back() == '.')) kept.pop_back();
        if (!kept.empty() && kept.front() >= 'A' && kept.front() <= 'Z')
            kept.front() = static_cast<char>(kept.front() | 32);
        return kept;
    };
    std::size_t changed = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::string text = random_text(random);
        std::string neutral;
        changed += append_neutral(text, neutral) ? 1U : 0U;
        CHECK((neutral != text) == append_neutral(text, neutral = ""));
        CHECK_MESSAGE(neutral_spelling(neutral) == neutral, text);
        CHECK_MESSAGE(letters(neutral) == letters(text), text);
    }
    CHECK(changed > 20'000);
}

TEST_CASE(
    "a property: keys and partitions are equal for what may share an answer alone, whatever requests are made of") {
    // 100,000 pairs of requests, of a few values for each part, so that most parts of a pair are equal.
    struct Parts {
        std::size_t tenant, model, system, tools, choice, format, seed, sampling, question;
        bool operator==(const Parts&) const = default;
    };
    const std::vector<std::string> questions = {"What is IT", "what is it",  "tell me a joke", "Tell me a joke",
                                                "Is C fast",  "Is C++ fast", "You can go",     "say 'a  b'"};
    const std::vector<std::string> rewritten = {" what  is IT? ",  "What is it ??", "tell me  a joke!",
                                                "Tell me a joke.", "is C fast?",    "Is C++ fast\n",
                                                "You can  go.",    "say 'a  b'"};
    const std::vector<std::string> tools = {"", R"(,"tools":[{"type":"function","function":{"name":"f"}}])",
                                            R"(,"tools":[{"type":"function","function":{"name":"f "}}])"};
    const std::vector<std::string> choices = {"", R"(,"tool_choice":"none")", R"(,"tool_choice":"auto")"};
    const std::vector<std::string> formats = {"", R"(,"response_format":{"type":"text"})",
                                              R"(,"response_format":{"type":"json_object"})"};
    const std::vector<std::string> seeds = {"", R"(,"seed":1)", R"(,"seed":2)"};
    const std::vector<std::string> samplings = {"", R"(,"temperature":0)", R"(,"top_p":0.5)", R"(,"max_tokens":5)"};
    std::mt19937 random(11);
    const auto of = [&](const auto& list) { return random() % list.size(); };
    const auto body = [&](const Parts& parts, bool rewrite, bool stream) {
        const std::string& question = rewrite ? rewritten[parts.question] : questions[parts.question];
        return R"({"model":"m)" + std::to_string(parts.model) + R"(","messages":[{"role":"system","content":"s)" +
               std::string(parts.system, ' ') + R"("},{"role":"user","content":)" + quoted(question) + "}]" +
               tools[parts.tools] + choices[parts.choice] + formats[parts.format] + seeds[parts.seed] +
               samplings[parts.sampling] + (stream ? R"(,"stream":true)" : "") + "}";
    };
    std::size_t equal = 0;
    std::size_t in_one_partition = 0;
    for (int i = 0; i < 100'000; ++i) {
        const Parts a{random() % 3, random() % 3, random() % 3,  of(tools),    of(choices),
                      of(formats),  of(seeds),    of(samplings), of(questions)};
        Parts b = a;
        std::size_t* const parts[] = {&b.tenant, &b.model, &b.system,   &b.tools,   &b.choice,
                                      &b.format, &b.seed,  &b.sampling, &b.question};
        const std::size_t sizes[] = {
            3, 3, 3, tools.size(), choices.size(), formats.size(), seeds.size(), samplings.size(), questions.size()};
        for (std::size_t changes = random() % 3; changes-- > 0;) {
            const std::size_t which = random() % 9;
            *parts[which] = random() % sizes[which];
        }
        const bool is_equal = key(body(a, random() % 2, random() % 2), "t" + std::to_string(a.tenant)) ==
                              key(body(b, random() % 2, random() % 2), "t" + std::to_string(b.tenant));
        CHECK(is_equal == (a == b));
        equal += is_equal ? 1U : 0U;
        // What the semantic cache compares lies in one partition where all but the question is equal.
        Parts asking_the_same = b;
        asking_the_same.question = a.question;
        const bool together = partition(body(a, random() % 2, random() % 2), "t" + std::to_string(a.tenant)) ==
                              partition(body(b, random() % 2, random() % 2), "t" + std::to_string(b.tenant));
        CHECK(together == (a == asking_the_same));
        in_one_partition += together ? 1U : 0U;
    }
    CHECK(equal > 30'000);
    CHECK(in_one_partition > equal);
}
