/* What the C tests check with: the first thing that is not so ends the program, naming the line. */
#ifndef CHECK_H
#define CHECK_H

#include "protector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

#define CHECK_TEXT(found, wanted)                                                        \
    do {                                                                                 \
        const char *text_ = (found);                                                     \
        if (text_ == NULL || strcmp(text_, (wanted)) != 0) {                             \
            fprintf(stderr, "%s:%d: '%s' instead of '%s'\n", __FILE__, __LINE__,         \
                    text_ ? text_ : "(null)", (wanted));                                 \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

/* A call that must succeed. `error` is a variable of that name. */
#define OK(call)                                                                         \
    do {                                                                                 \
        if ((call) != PROTECTOR_STATUS_OK) {                                             \
            const char *remedy_ = protector_error_remedy(error);                         \
            fprintf(stderr, "%s:%d: [%s] %s (%s)\n", __FILE__, __LINE__,                 \
                    protector_error_code(error), protector_error_message(error),         \
                    remedy_ ? remedy_ : "no remedy");                                    \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

#endif
