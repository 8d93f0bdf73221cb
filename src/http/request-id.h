/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/** The header by which both ends know a request: see PROTOCOL.md, section 1. */
#define VA_REQUEST_ID_HEADER "Request-Id"
