# SPDX-License-Identifier: LGPL-2.1-or-later
schemadir = $(pkgdatadir)/schemas
dist_schema_DATA = \
	schemas/approval.schema.json \
	schemas/artifact.schema.json \
	schemas/artifact-detail.schema.json \
	schemas/artifacts.schema.json \
	schemas/audit.schema.json \
	schemas/checkpoint.schema.json \
	schemas/confirmation.schema.json \
	schemas/domain-metadata.rng \
	schemas/empty.schema.json \
	schemas/health.schema.json \
	schemas/host-features.schema.json \
	schemas/hosts.schema.json \
	schemas/launch-grant.schema.json \
	schemas/launch-pending.schema.json \
	schemas/launch-request.schema.json \
	schemas/launch-selection.schema.json \
	schemas/launch.schema.json \
	schemas/launches.schema.json \
	schemas/openapi.yaml \
	schemas/outcome.schema.json \
	schemas/problem.schema.json \
	schemas/proposal.schema.json \
	schemas/receipt.schema.json \
	schemas/registration-answer.schema.json \
	schemas/registration-members.schema.json \
	schemas/registration.schema.json \
	schemas/registrations.schema.json \
	schemas/secret.schema.json \
	schemas/secrets.schema.json \
	schemas/types.schema.json \
	schemas/validate-reply.schema.json \
	schemas/validate-request.schema.json
schemaexamplesdir = $(schemadir)/examples
dist_schemaexamples_DATA = \
	schemas/examples/domain-kernel.xml \
	schemas/examples/domain.xml \
	schemas/examples/registration.json \
	schemas/examples/registration.kernel.json \
	schemas/examples/registration.es.json
