alter table scorer.ceramic_cache drop column digest;
drop table scorer.credential_check;

alter table scorer.registry_passport
alter constraint registry_passport_community_id_fkey deferrable initially deferred;

alter table scorer.registry_stamp
alter constraint registry_stamp_passport_id_fkey deferrable initially deferred;

alter table scorer.registry_score
alter constraint registry_score_passport_id_fkey deferrable initially deferred;
