/* The planner gives the plans of the golden cases, whose files are the arguments: {"facts", "request", "plan"}. */
#include "check.h"
#include "json.h"
#include "read_file.h"

static void same_plan(const char *path)
{
    protector_error *error;
    char *text = read_file(path), *found;
    char *facts = json_member(text, "facts"), *request = json_member(text, "request");
    char *plan = json_member(text, "plan");
    CHECK(facts != NULL && request != NULL && plan != NULL);
    OK(protector_plan(facts, request, &found, &error));
    char *found_hash = json_text(found, "hash"), *hash = json_text(plan, "hash");
    printf("%s %s\n", path, found_hash ? found_hash : "(no hash)");
    CHECK(hash != NULL);
    CHECK_TEXT(found_hash, hash);
    free(hash);
    free(found_hash);
    protector_string_free(found);
    free(plan);
    free(request);
    free(facts);
    free(text);
}

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++) {
        same_plan(paths[i]);
    }
    return 0;
}
